"""Split learning in reports: where networks were cut, what that cost, and what was predicted.

rounds.py             one device in one round: its cut, seconds, joules and bytes
schemes.py            variants by scheme, alpha and the conditions that they ran under
means.py              seconds and joules a round of each variant, with intervals
prediction.py         predicted against measured
front.py              the Pareto front over alpha
cuts_over_time.py     the cuts of a run beside the rates of its links
figure_*.py           these three, drawn
tables.py             the schemes, and the errors of the predictions
view.py, paper.py     the section of the page, of a paper and of Markdown
flat.py               the same as rows and as a document
profile.py            what a later run may start from
"""
