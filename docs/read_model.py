"""Predicts with a saved model of dense layers, with nothing but numpy: FILES.md as a program.

python3 read_model.py model.safetensors 100 < rows.txt     (a row of inputs a line; prints the mean prediction of each)
"""

import json
import math
import struct
import sys

import numpy as np

TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32}


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    card = json.loads(header.pop("__metadata__")["card"])
    tensors = {}
    for name, about in header.items():
        begin, stop = about["data_offsets"]
        kind = TYPES[about["dtype"]]
        values = np.frombuffer(data[end + begin : end + stop], kind).reshape(about["shape"])
        tensors[name] = values if kind is np.int32 else values.astype(float)
    return card["model"], tensors


def normal(seed, count):
    """Philox4x32-10, key = seed, counter = (block, 0, stream 0, counter 0); then Box and Muller."""
    with np.errstate(over="ignore"):
        block = np.arange((count + 3) // 4, dtype=np.uint64)
        low = np.uint64(0xFFFFFFFF)
        c = [block & low, np.zeros_like(block), np.zeros_like(block), np.zeros_like(block)]
        key = [np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32 & 0xFFFFFFFF)]
        for _ in range(10):
            a = c[0] * np.uint64(0xD2511F53)
            b = c[2] * np.uint64(0xCD9E8D57)
            c = [(b >> np.uint64(32)) ^ c[1] ^ key[0], b & low, (a >> np.uint64(32)) ^ c[3] ^ key[1], a & low]
            key = [(key[0] + np.uint64(0x9E3779B9)) & low, (key[1] + np.uint64(0xBB67AE85)) & low]
    words = np.stack(c, 1).reshape(-1, 2)
    u = ((words[:, 0] >> np.uint64(8)) + np.uint64(1)) * 2.0**-24
    v = (words[:, 1] >> np.uint64(8)) * 2.0**-24
    radius = np.sqrt(-2 * np.log(u))
    return np.stack([radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)], 1).ravel()[:count]


def conditioner(block, z, hidden, outputs, normed, autoregressive):
    """Shift and log-scale from z: one hidden ReLU layer, whose rows see more and more of what is before them."""
    inputs = z.shape[1]
    if autoregressive:
        heads = [min(hidden, (j * hidden + inputs - 2) // (inputs - 1)) for j in range(inputs)]
        lengths = [1 + h * (inputs - 1) // hidden for h in range(hidden)] + heads + heads
    else:
        lengths = [inputs] * hidden + [hidden] * (2 * outputs)
    rows = hidden + 2 * outputs
    weights = sum(lengths)
    gains, biases = block[weights : weights + rows], block[weights + rows :]
    values = np.zeros((len(z), rows))
    at = 0
    for i, length in enumerate(lengths):
        row = block[at : at + length]
        at += length
        seen = z if i < hidden else np.maximum(values[:, :hidden], 0)
        scale = (gains[i] / np.linalg.norm(row) if length else 0) if normed else 1
        values[:, i] = seen[:, :length] @ row * scale + biases[i]
    return values[:, hidden : hidden + outputs], values[:, hidden + outputs :]


def draw(tensors, flow, seed, samples):
    dim = tensors["flow.affine.shift"].size
    delta = flow["delta"]
    z = normal(seed, samples * dim).reshape(samples, dim)
    z = z * (np.exp(tensors["flow.affine.log_scale"]) + delta) + tensors["flow.affine.shift"]
    for i in range(flow["steps"] if flow["kind"] != "affine" and dim > 1 else 0):
        block = tensors[f"flow.{i}.conditioner"]
        if f"flow.{i}.permutation" in tensors:
            z = z[:, tensors[f"flow.{i}.permutation"]]
        if flow["kind"] == "iaf":
            moved, seen = slice(0, dim), z
        else:
            upper = flow["shuffle"] or i % 2 == 0
            moved = slice(dim // 2, dim) if upper else slice(0, dim // 2)
            seen = z[:, : dim // 2] if upper else z[:, dim // 2 :]
        outputs = moved.stop - moved.start
        shift, log_scale = conditioner(block, seen, flow["hidden"], outputs, flow["weight_norm"], flow["kind"] == "iaf")
        z = z.copy()
        z[:, moved] = shift + (np.exp(log_scale) + delta) * z[:, moved]
    return z


ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "gelu": lambda x: x * np.vectorize(lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))))(x),
    "identity": lambda x: x,
}


def network(model, tensors, weights, x):
    kind = model["posterior"]["kind"]
    likelihood = model["likelihood"]
    outputs = likelihood["size"] * (2 if likelihood["kind"] == "heteroscedastic" else 1)
    widths = model["hidden"] + [outputs]
    at = 0
    for i, units in enumerate(widths):
        if kind == "full":
            w = weights[at : at + units * x.shape[1]].reshape(units, -1)
            at += w.size
            b = weights[at : at + units] if model["bias"] else 0
            at += units if model["bias"] else 0
        else:
            b = tensors.get(f"layer.{i}.bias", 0)
            if kind == "weight_norm":
                w = tensors[f"layer.{i}.v"]
                w = w * (weights[at : at + units] / np.linalg.norm(w, axis=1))[:, None]
                at += units
            else:
                w = tensors[f"layer.{i}.weight"]
        x = x @ w.T + b
        if i < len(widths) - 1:
            x = ACTIVATIONS[model["activation"]](x)
    return x[:, : likelihood["size"]]


def predict(model, tensors, x, samples):
    if "layers" in model or model["posterior"]["kind"] == "dropout":
        raise SystemExit("convolutions and dropout are not read here")
    scaling = model.get("scaling", {})
    if "inputs" in scaling:
        x = (x - scaling["inputs"]["mean"]) / scaling["inputs"]["std"]
    flow = model["posterior"].get("flow")
    drawn = draw(tensors, flow, model["seed"], samples) if flow else [None]
    mean = 0
    for weights in drawn:
        y = network(model, tensors, weights, x)
        kind = model["likelihood"]["kind"]
        if kind == "categorical":
            y = np.exp(y - y.max(1, keepdims=True))
            y /= y.sum(1, keepdims=True)
        elif kind == "bernoulli":
            y = 1 / (1 + np.exp(-y))
        elif kind == "poisson":
            y = np.exp(y)
        mean = mean + y / len(drawn)
    if "targets" in scaling:
        mean = mean * scaling["targets"]["std"] + scaling["targets"]["mean"]
    return mean


if __name__ == "__main__":
    for row in predict(*read(sys.argv[1]), np.loadtxt(sys.stdin, ndmin=2), int(sys.argv[2])):
        print(*row)
