"""The command line: one command an entry of the dictionary, the report, experiments, doctor and selftest.

Only this module is imported for ``--help``; everything that computes is imported when a command runs.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Any

import click

from neurovariety.cli.declared_options import declared_options
from neurovariety.cli.ending import end_at_once, own_process
from neurovariety.cli.exit_status import BAD_INPUT, INTERRUPTED, NOT_FINISHED
from neurovariety.cli.network_options import CONTEXT, INPUT_SHAPE, INSIDE, SEED, checkpoint_options
from neurovariety.cli.parameter_types import Finite, Memory, Seconds
from neurovariety.cli.picture_options import PictureCommand
from neurovariety.cli.piecewise_options import PIECEWISE
from neurovariety.cli.tables_given import WHAT, summary_options, table_options
from neurovariety.dictionary.entry import Entry
from neurovariety.dictionary.registry import ENTRIES


def _common(entry: Entry) -> list[click.Parameter]:
    options: list[click.Parameter] = [
        click.Argument(["architectures"], nargs=-1, required=not entry.declares.replaces, metavar="ARCH..."),
        click.Option(["--json", "as_json"], is_flag=True, help="One JSON object an architecture, one a line."),
        click.Option(["--seed"], type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random choices."),
        click.Option(["--time-limit"], type=Seconds(), help="Seconds after which to stop (exit 3)."),
        click.Option(["--jobs"], type=click.IntRange(min=1), help="Processes for many architectures (default: one a core)."),
    ]
    if entry.takes_memory_limit:
        options.append(click.Option(["--memory-limit"], type=Memory(), help="Memory for one computation, e.g. 8G."))
    for declared in entry.declares.arguments:
        options += declared_options(declared)
    options.append(click.Option(["--certificates"], metavar="FILE", help="Write the result with its certificates, for `recheck`."))
    if entry.figure:
        options.append(click.Option(["--figure"], help="Draw the result to this file (.svg, .png or .pdf)."))
    return options


class _EntryCommand(click.Command):
    """The command of an entry, whose options are read when somebody asks for them."""

    def __init__(self, entry: Entry) -> None:
        def run(architectures: tuple[str, ...], as_json: bool, jobs: int | None, **options: Any) -> None:
            from neurovariety.cli.answers import answer_all

            sys.exit(answer_all(entry, architectures, as_json, jobs, options))

        super().__init__(
            entry.name,
            callback=run,
            short_help=f"{entry.learning}.",
            help=f"{entry.name}: {entry.learning}.\n\nARCH is a notation such as 'mlp(2,3,1; x^2)', 'linear(3,2,3)', 'cnn(2,2; x^2)' "
            "or 'attention(3,2; a=2; t=4)'; '-' reads one a line from standard input.",
            context_settings=CONTEXT,
        )
        self._entry = entry

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        self.params = self.params or _common(self._entry)
        return super().get_params(ctx)


@click.group(context_settings=CONTEXT, no_args_is_help=True)
@click.version_option(package_name="neurovariety", prog_name="neurovariety")
def app() -> None:
    """The dictionary of neuroalgebraic geometry: exact invariants of polynomial networks and what they mean for learning."""


for _entry in ENTRIES:
    app.add_command(_EntryCommand(_entry))


@app.command(context_settings=CONTEXT)
@click.argument("architecture", metavar="ARCH")
@click.option("--data", help=f"A {WHAT}.")
@click.option("--target", help="Target column, or several separated by commas.")
@table_options
@click.option("--html", "page", help="Write one self-contained page to this file.")
@click.option("--save", help="Write the report as JSON to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead of a table.")
@click.option(
    "--effort",
    type=click.Choice(["small", "normal", "large"]),
    default="normal",
    show_default=True,
    help="How long each entry searches and how much it samples, counted in work.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random choices.")
@click.option("--time-limit", type=Seconds(), help="Seconds after which to stop (exit 3).")
@click.option("--memory-limit", type=Memory(), help="Memory for one computation, e.g. 8G.")
def report(**options: Any) -> None:
    """The whole dictionary of one architecture, with what a data set can determine."""
    from neurovariety.cli.report_command import ReportFiles, report_command
    from neurovariety.cli.tables_given import table_given

    written = ReportFiles(options.pop("page"), options.pop("save"), options.pop("as_json"))
    dataset = table_given(options.pop("data"), options, said=False)
    sys.exit(report_command(dataset=dataset, written=written, **options))


@app.command(context_settings=CONTEXT)
@click.argument("file", metavar="FILE")
@click.option("--target", help="Target column, or several separated by commas.")
@summary_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def table(**options: Any) -> None:
    """A table at a glance: columns, types, missing values, columns that depend on others, and the preparation that training needs."""
    from neurovariety.cli.table_command import table_command
    from neurovariety.cli.tables_given import table_asked

    sys.exit(table_command(asked=table_asked(options), **options))


@app.command(context_settings=CONTEXT)
@click.argument("architecture", metavar="ARCH")
@click.option("--to", "system", required=True, help="macaulay2, singular, sage, julia or bertini.")
@click.option("--question", default="dimension", show_default=True, help="dimension, equations, degree or ed-degree.")
@click.option(
    "--degree-at-most", "--degree", "degree", type=click.INT, help="With --question equations: leave out those of higher degree."
)
@click.option("--output", help="Write the script to this file instead of standard output.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random choices.")
def export(**options: Any) -> None:
    """The parametrization and a question about it as a script of another computer algebra system."""
    from neurovariety.cli.export_command import export_command

    sys.exit(export_command(**options))


@app.command(context_settings=CONTEXT)
@click.argument("file", metavar="FILE")
@click.option("--data", help="File with a table of inputs: where the tangent kernel is taken.")
@click.option("--target", help="Columns of it that are not inputs, separated by commas.")
@table_options
@INPUT_SHAPE
@checkpoint_options
@SEED
def diagnose(**options: Any) -> None:
    """A trained network (.onnx, .pt2, .npz, .safetensors): effective parameters, redundant neurons, the strata it is on or near."""
    from neurovariety.cli.checkpoint_commands import Printed, diagnose_command
    from neurovariety.cli.tables_given import table_given

    table = table_given(options.pop("data"), options)
    sys.exit(diagnose_command(table=table, shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


@app.command(context_settings=CONTEXT)
@click.argument("file", metavar="FILE")
@click.option("--output", help="Write the smaller network to this file (.onnx, .pt2, .npz).")
@click.option("--dtype", type=click.Choice(["bfloat16", "float16", "float32", "float64"]), help="Type of the weights written.")
@click.option("--tolerance", type=Finite(0, 1, max_open=True), default=0.0, show_default=True, help="Part of weights to move.")
@click.option("--radius", type=Finite(min=0, min_open=True), help="Norm of inputs up to which the error is bounded.")
@click.option(
    "--box", type=Finite(), nargs=2, metavar="LOW HIGH", help="Keep the function only where LOW <= x <= HIGH, for each input x."
)
@INPUT_SHAPE
@checkpoint_options
@SEED
def prune(**options: Any) -> None:
    """The smaller network with the same function, exactly; with a tolerance a nearby one and its error bound."""
    from neurovariety.cli.checkpoint_commands import Printed, prune_command

    sys.exit(prune_command(shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


@app.command(context_settings=CONTEXT)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--data", help="File with a table of inputs: where losses between two trainings are taken.")
@click.option("--target", help="Columns of it that the networks were trained to give, separated by commas; one column of classes.")
@table_options
@click.option("--merged", help="Write the network half way between two trainings to this file (.onnx, .pt2, .npz).")
@checkpoint_options
@SEED
def align(**options: Any) -> None:
    """Are two trained networks the same function? The symmetry that relates their weights, or an input where they differ."""
    from neurovariety.cli.checkpoint_commands import LineOptions, Printed, align_command
    from neurovariety.cli.tables_given import table_given

    if options["data"] and not options["target"]:
        raise click.UsageError("--data needs --target, the columns that the networks were trained to give")
    line = LineOptions(table_given(options.pop("data"), options), options.pop("merged"))
    sys.exit(align_command(line=line, shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


@app.command(context_settings=CONTEXT)
@click.argument("network", metavar="[NETWORK]", required=False)
@click.option("--activation", help="One activation instead: tanh, sigmoid, gelu, silu, softplus, exp, relu, ...")
@click.option("--interval", metavar="LOW,HIGH", help="Where it is approximated, e.g. --interval=-5,5.")
@click.option(
    "--normal", metavar="MEAN,DEVIATION", help="Or the interval of three standard deviations about a mean, e.g. --normal=0,1."
)
@click.option("--degree", type=click.IntRange(min=0), required=True, help="Largest degree of polynomials.")
@click.option(
    "--kind",
    type=click.Choice(("uniform", "chebyshev", "hermite", "rational")),
    default="uniform",
    show_default=True,
    help="Of least uniform error, the partial sum of a series, or a quotient of polynomials.",
)
@INSIDE
@checkpoint_options
def approximate(**options: Any) -> None:
    """The polynomial nearest to an activation, its error proved from both sides; or all of a network's activations, in a box."""
    from neurovariety.cli.approximation_command import approximate_command

    sys.exit(approximate_command(options))


@app.command("critical-point", context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--data", required=True, help="File with a table: the data that it was trained on.")
@click.option("--target", required=True, help="Target columns, separated by commas.")
@table_options
@click.option("--degree", type=click.IntRange(min=1), help="Beside it that of the network with polynomials of this degree.")
@click.option("--within", type=float, help="List all critical points up to this distance from the weights, or half of it, and so on.")
@checkpoint_options
def critical_point(**options: Any) -> None:
    """The critical point of the squared error next to the weights of a network with smooth activations, shown by Krawczyk's test."""
    from neurovariety.cli.approximation_command import critical_point_command
    from neurovariety.cli.tables_given import table_given

    sys.exit(critical_point_command(table_given(options.pop("data"), options), options))


app.add_command(PictureCommand())
for on_pieces in PIECEWISE:
    app.add_command(on_pieces)


@app.command(context_settings=CONTEXT)
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def recheck(**options: Any) -> None:
    """Check the certificates of a stored result (--certificates FILE) anew, without the search that found them."""
    from neurovariety.cli.recheck_command import recheck_command

    sys.exit(recheck_command(**options))


@app.group(context_settings=CONTEXT, no_args_is_help=True)
def experiment() -> None:
    """Numbers of the dictionary held to experiments."""


@experiment.command(context_settings=CONTEXT)
@click.argument("architecture", metavar="ARCH")
@click.option("--teachers", type=click.IntRange(1, 1000), default=6, show_default=True, help="Networks that give the values.")
@click.option("--starts", type=click.IntRange(1, 1000), default=6, show_default=True, help="Students for each of these.")
@click.option("--samples", type=click.IntRange(1, 200), help="Most samples (default: three more than leave one function).")
@click.option("--figure", help="Draw the result to this file (.svg, .png or .pdf).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random choices.")
def recovery(**options: Any) -> None:
    """Teacher and student: from how many samples on do fits give the network back, and where was that predicted?"""
    from neurovariety.cli.recovery_command import recovery_command

    sys.exit(recovery_command(**options))


@experiment.command(context_settings=CONTEXT, name="free-energy")
@click.argument("architecture", metavar="ARCH")
@click.option(
    "--true-rank", type=click.IntRange(min=0), help="The rank of the true matrix of a deep linear network (default: zero function)."
)
@click.option("--data-sets", type=click.IntRange(2, 1000), default=6, show_default=True, help="Data sets that are simulated.")
@click.option("--figure", help="Draw the result to this file (.svg, .png or .pdf).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random choices.")
def free_energy(**options: Any) -> None:
    """Log evidence of simulated data: does it fall with the number of samples as the learning coefficient says?"""
    from neurovariety.cli.free_energy_command import free_energy_command

    sys.exit(free_energy_command(**options))


@app.command(context_settings=CONTEXT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Versions, threads, BLAS, optional parts and accelerators of this installation."""
    from neurovariety.cli.doctor import doctor_command

    sys.exit(doctor_command(as_json))


@app.command(context_settings=CONTEXT)
def selftest() -> None:
    """Check the installed package against reference values, in under 30 seconds."""
    from neurovariety.cli.selftest import selftest_command

    sys.exit(selftest_command())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors of the user are one line on standard error and exit status 2.

    Without ``arguments`` it is the process's own command line, and work that was stopped ends the process.
    """
    if arguments is None:
        own_process()
    try:
        _main(arguments)
    except SystemExit as end:
        if arguments is None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said; Ctrl-C from here on would change the status alone
            if end.code in (INTERRUPTED, NOT_FINISHED):
                end_at_once(end.code)
        raise


def _main(arguments: Sequence[str] | None) -> None:
    try:
        app.main(args=list(arguments) if arguments is not None else None, prog_name="neurovariety", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader (head, say) has seen enough
        sys.stderr.close()
        sys.exit(0)
    except ValueError as error:
        from neurovariety.errors import NeurovarietyError

        if not isinstance(error, NeurovarietyError):
            raise
        _fail(str(error))


def _fail(message: str) -> None:
    click.echo(f"neurovariety: {' '.join(message.split())}", err=True)
    sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
