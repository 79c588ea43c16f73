"""Several devices for the participants of a trial: a twin of them on this machine, with plugs."""
