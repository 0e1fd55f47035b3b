"""A result outside the dictionary that has a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from neurovariety.pictures import picture_in_html, picture_of_result
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class DrawnResult(Result):
    """A result with the picture that is called ``figure`` in `pictures.drawings`."""

    figure: ClassVar[str] = ""

    def plot(self) -> Figure:
        """The picture as a matplotlib figure, with a title and a caption. Raises `InputError` where there is nothing to draw."""
        drawn = picture_of_result(self.figure, self)
        return super().plot() if drawn is None else drawn

    def _drawn(self) -> str:
        return picture_in_html(self.figure, self, themed=False)
