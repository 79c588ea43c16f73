"""The words of the design as frozen records. No input or output, no behaviour beyond checks.

Missing is ``None``, never 0. SI units, the unit in every name; ``_ns`` is CLOCK_MONOTONIC.
"""

from benchharness.model.campaigns import (
    CampaignSummary,
    MetricSummary,
    VariantSummary,
)
from benchharness.model.energy import (
    EnergyEstimate,
    EnergyFigure,
    Quantity,
    StartCost,
    SupplyCurrent,
)
from benchharness.model.instruments import (
    Capabilities,
    Channel,
    MeterEvent,
    Reading,
)
from benchharness.model.participants import (
    ParticipantSummary,
    PhaseUse,
    SeriesPoint,
    StepUse,
)
from benchharness.model.trials import (
    PhaseSpan,
    TrialSummary,
)
from benchharness.model.words import (
    Caution,
    Check,
    CheckState,
    Factors,
    FactorValue,
    MeasurementClass,
    Role,
    Status,
)

__all__ = [
    "CampaignSummary",
    "Capabilities",
    "Caution",
    "Channel",
    "Check",
    "CheckState",
    "EnergyEstimate",
    "EnergyFigure",
    "FactorValue",
    "Factors",
    "MeasurementClass",
    "MeterEvent",
    "MetricSummary",
    "ParticipantSummary",
    "PhaseSpan",
    "PhaseUse",
    "Quantity",
    "Reading",
    "Role",
    "SeriesPoint",
    "StartCost",
    "Status",
    "StepUse",
    "SupplyCurrent",
    "TrialSummary",
    "VariantSummary",
]
