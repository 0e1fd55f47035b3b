"""What can be asked of every entry on training: data or a teacher, and how the distance is measured."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, cast

from neurovariety.options import Option, Real, usual

if TYPE_CHECKING:
    from neurovariety.training.losses.loss import Form

Preparation = Literal["none", "standardize", "whiten"]
"""What can be done to data before training."""

TaskMetric = Literal["data", "frobenius", "bombieri", "gaussian", "uniform"]


class TaskOptions(TypedDict, total=False):
    """Options of `training_task`, with what they are where they are left out.

    ``data``: a `Dataset` with targets, or a pair of tables (samples, inputs) and (samples, outputs); ``sample_weights`` (samples,);
    ``form``: a quadratic form, which says all of the loss.
    """

    data: Annotated[
        Any,
        Option(
            "file with a table (CSV, Excel, Parquet, NumPy): what is to be fitted",
            kind="dataset",
            columns="columns of --data that are targets, separated by commas",
        ),
    ]
    metric: Annotated[
        TaskMetric,
        Option(
            "without --data: distance from --teacher in coefficients, Bombieri's product, or over normal or uniform inputs",
            default="data",
        ),
    ]
    teacher: Annotated[str | None, Option("polynomials in x0, x1, ... to be fitted, one an output (default: random ones)")]
    form: "Form | None"
    sample_weights: Any
    prepare: Annotated[
        Preparation,
        Option(
            "standardize: columns minus their means, over their standard deviations; whiten: inputs combined to second moments 1",
            unknown="preparation {value!r} is unknown: choose {choices}",
            default="none",
        ),
    ]
    held_out: Annotated[
        float,
        Option("share of the rows, drawn at random, that are not trained on (default: 0)", default=0.0),
        Real("the share of rows held out is a number from 0 up to 1", zero=True, below=1),
    ]


def filled(task: TaskOptions) -> TaskOptions:
    """All options, those that were left out as they then are."""
    return cast(TaskOptions, usual(TaskOptions) | task)
