"""Reading what was drawn back from axes."""

import numpy as np
from matplotlib.text import Text


def bands(ax):
    """Lower and upper edge of each band, in order of drawing: list of (months, low, high)."""
    found = []
    for band in ax.collections:
        corners = band.get_paths()[0].vertices
        months = np.unique(corners[:, 0])
        edges = [corners[corners[:, 0] == month, 1] for month in months]
        found.append((months, np.array([e.min() for e in edges]), np.array([e.max() for e in edges])))
    return found


def words(ax):
    """All text of a picture, in one string, with single spaces."""
    parts = [ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), *(text.get_text() for text in ax.texts)]
    return " ".join(" ".join(parts).split())


def ticks(axis):
    """Tick labels as shown."""
    axis.get_figure().draw_without_rendering()
    return [label.get_text() for label in axis.get_ticklabels()]


def boxes(ax):
    """Rectangles of the texts in the axes as rendered, and that of the figure."""
    figure = ax.figure
    figure.draw_without_rendering()
    return [Text.get_window_extent(text) for text in ax.texts], figure.bbox  # without the leaders of annotations


def overlapping(ax):
    """Pairs of texts that overlap by more than a pixel, and texts that leave the figure."""
    rectangles, page = boxes(ax)
    trimmed = [box.padded(-1.0) for box in rectangles]
    pairs = [(i, j) for i in range(len(trimmed)) for j in range(i) if trimmed[i].overlaps(trimmed[j])]
    outside = [i for i, box in enumerate(trimmed) if box.x0 < 0 or box.y0 < 0 or box.x1 > page.x1 or box.y1 > page.y1]
    return pairs + outside
