"""Networks written out in plain NumPy, for tests to compare with, and an SVG as pixels."""
import imageio.v3 as iio
import numpy as np
import resvg_py


def rasterised(svg, width, height):
    "An SVG as resvg draws it, float (height, width, 4) in [0, 1], straight alpha."
    png = resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height)
    return iio.imread(bytes(png), extension=".png") / 255


def sigmoid(v): return 1 / (1 + np.exp(-v))


def shake(model, scale=.1):
    "Move all weights a little, so that no bias is zero; no need to train for that."
    rng = np.random.default_rng(0)
    model.set_weights([w + scale * rng.standard_normal(w.shape) for w in model.get_weights()])


def plain_lstm(x, kernel, recurrent, bias):
    """All states of an LSTM (n, steps, units),
    from Hochreiter & Schmidhuber's equations with a forget gate."""
    h = c = np.zeros((len(x), recurrent.shape[0]))
    states = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1)
