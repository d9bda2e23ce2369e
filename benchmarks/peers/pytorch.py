"""The training step and the prediction of benchmarks/peers in Python's PyTorch, from the same parameters.

    pytorch.py DIR check             loss, parameters after a step and mean predictions against this library's; stops above 1e-4
    pytorch.py DIR step [--samples S] [--modes MODE ...]
                                     ms a step: eager, torch.compile, torch.compile with CUDA graphs
    pytorch.py DIR flow              us of the flow's forward and backward for S = 1 ... 1024
    pytorch.py DIR predict [--draws S] [--by loop|vmap] [--modes MODE ...]
                                     s for 10,000 images: a loop over draws, and vmap over draws

DIR holds the files that `java -cp ... org.bhn.bench.Problem DIR BATCH STEPS` writes. Needs torch and nothing else. Each command prints
lines of JSON, one as soon as something is known: what fails or is ended leaves what came before it. The check comes first: what
differs is not timed.
"""

import argparse
import json
import math
import mmap
import statistics
import struct
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

PIXELS, CLASSES, HIDDEN, DELTA, TINY = 784, 10, 200, 1e-3, 1e-12
RATE, MAX_NORM, CLIP, DRAWS, TOLERANCE = 1e-3, 10.0, 5.0, 100, 1e-4
SIZES = [1, 4, 16, 64, 256, 1024]
MODES = {"eager": None, "compiled": "default", "compiled_cuda_graphs": "reduce-overhead"}


def read(path):
    """Tensors of a safetensors file, by name, in the file's order."""
    types = {"F32": torch.float32, "I32": torch.int32, "I64": torch.int64}
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            flat = torch.frombuffer(bytearray(data[begin:end]), dtype=types[entry["dtype"]])
            tensors[name] = flat.reshape(entry["shape"])
    return tensors


def row_lengths(dim):
    """What each row of an autoregressive conditioner sees: hidden units sorted by degree, then shift and log-scale rows."""
    hidden = [1 + h * (dim - 1) // HIDDEN for h in range(HIDDEN)]
    heads = [min(HIDDEN, (j * HIDDEN + dim - 2) // (dim - 1)) for j in range(dim)]
    return hidden + heads + heads


class Step(nn.Module):
    """One step of IAF: masked layers with weight norm over each row after masking."""

    def __init__(self, block, order):
        super().__init__()
        dim, lengths = len(order), row_lengths(len(order))
        w1, w2, at = torch.zeros(HIDDEN, dim), torch.zeros(2 * dim, HIDDEN), 0
        masks = torch.zeros_like(w1), torch.zeros_like(w2)
        for i, n in enumerate(lengths):
            layer, row = (0, i) if i < HIDDEN else (1, i - HIDDEN)
            (w1, w2)[layer][row, :n] = block[at : at + n]
            masks[layer][row, :n] = 1
            at += n
        rows = len(lengths)
        gain, bias = block[at : at + rows], block[at + rows : at + 2 * rows]
        self.w1, self.w2 = nn.Parameter(w1), nn.Parameter(w2)
        self.g1, self.g2 = nn.Parameter(gain[:HIDDEN].clone()), nn.Parameter(gain[HIDDEN:].clone())
        self.b1, self.b2 = nn.Parameter(bias[:HIDDEN].clone()), nn.Parameter(bias[HIDDEN:].clone())
        self.register_buffer("mask1", masks[0])
        self.register_buffer("mask2", masks[1])
        self.register_buffer("order", order.long())

    def forward(self, z, log_det):
        x = z[:, self.order]
        h = F.relu(normed(x, self.w1 * self.mask1, self.g1, self.b1))
        shift, log_scale = normed(h, self.w2 * self.mask2, self.g2, self.b2).chunk(2, dim=1)
        scale = log_scale.exp() + DELTA
        return shift + scale * x, log_det + scale.log().sum(dim=1)

    def block(self):
        """The parameters as the file has them."""
        lengths = row_lengths(len(self.order))
        rows = [(self.w1 if i < HIDDEN else self.w2)[i if i < HIDDEN else i - HIDDEN, :n] for i, n in enumerate(lengths)]
        return torch.cat(rows + [self.g1, self.g2, self.b1, self.b2]).detach()


def normed(x, w, gain, bias):
    return (x @ w.t()) * (gain * (w.square().sum(dim=1) + TINY).rsqrt()) + bias


class Hypernetwork(nn.Module):
    def __init__(self, files):
        super().__init__()
        self.v = nn.ParameterList([files[f"layer.{i}.v"] for i in range(3)])
        self.bias = nn.ParameterList([files[f"layer.{i}.bias"] for i in range(3)])
        self.log_scale = nn.Parameter(files["flow.affine.log_scale"])
        self.shift = nn.Parameter(files["flow.affine.shift"])
        self.names = [name for name in files if name.endswith(".conditioner")]
        orders = [files[name.removesuffix(".conditioner") + ".permutation"] for name in self.names]
        self.steps = nn.ModuleList([Step(files[name], order) for name, order in zip(self.names, orders)])

    def flow(self, eps):
        """Gains [S, D] and log-det [S] from noise [S, D]."""
        scale = self.log_scale.exp() + DELTA
        z, log_det = eps * scale + self.shift, scale.log().sum().expand(len(eps))
        for step in self.steps:
            z, log_det = step(z, log_det)
        return z, log_det

    def network(self, x, gains):
        """Logits [S * B, C] of x [B, I] under gains [S, D]."""
        draws, unit = len(gains), 0
        h = x
        for i, (v, bias) in enumerate(zip(self.v, self.bias)):
            g = gains[:, unit : unit + len(bias)]
            unit += len(bias)
            t = (h @ v.t()) * (v.square().sum(dim=1) + TINY).rsqrt()
            t = t.expand(draws, *t.shape[-2:]) if i == 0 else t
            h = t * g[:, None, :] + bias
            h = F.relu(h) if i + 1 < len(self.v) else h
        return h.flatten(0, 1)

    def loss(self, x, labels, eps):
        gains, log_det = self.flow(eps)
        nll = F.cross_entropy(self.network(x, gains), labels.repeat(len(eps)))
        log_prior = -0.5 * gains.square().sum(dim=1) - 0.5 * gains.shape[1] * math.log(2 * math.pi)
        return nll - (log_prior + log_det).mean() / len(x)

    def named(self):
        """Parameters by the names of this library's files."""
        all = {f"layer.{i}.{kind}": p for kind, ps in (("v", self.v), ("bias", self.bias)) for i, p in enumerate(ps)}
        all |= {"flow.affine.log_scale": self.log_scale, "flow.affine.shift": self.shift}
        return all | {name: step.block() for name, step in zip(self.names, self.steps)}


def train(model, optimizer, x, labels, eps, loss_of):
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(x, labels, eps)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
    nn.utils.clip_grad_value_(model.parameters(), CLIP)
    optimizer.step()
    return loss


def adam(model, device, epsilon=1e-8):
    return torch.optim.Adam(model.parameters(), lr=RATE, eps=epsilon, fused=device.type == "cuda")


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def median_seconds(body, device, repeats, warm=10):
    """Median time of a call, the device's work included; 10 calls a reading where they are short."""
    for _ in range(warm):
        body()
    wait(device)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(10):
            body()
        wait(device)
        times.append((time.perf_counter() - start) / 10)
    return statistics.median(times)


def check(model, args, device):
    inputs, after, predicted = (read(f"{args.dir}/{name}.safetensors") for name in ("inputs", "after", "prediction"))
    x = images(len(predicted["mean"]) // CLASSES, device)
    mean = predict_loop(model.flow, model.network, x, predicted["noise"].reshape(DRAWS, -1).to(device))
    far = [("mean prediction", (mean.flatten().cpu() - predicted["mean"]).abs().max().item())]
    x, labels, eps = inputs["x"].to(device), inputs["labels"].long().to(device), inputs["noise"].to(device)
    # Here epsilon joins the root before the bias of v is corrected, in PyTorch after; at the first step this makes them equal.
    optimizer = adam(model, device, epsilon=1e-8 / math.sqrt(1 - 0.999))
    loss = train(model, optimizer, x, labels, eps, model.loss).item()
    ours = inputs["loss"].item()
    far.append(("loss", abs(loss - ours) / max(1.0, abs(ours))))
    far += [(name, (p.detach().cpu() - after[name]).abs().max().item()) for name, p in model.named().items()]
    worst = max(far, key=lambda entry: math.inf if math.isnan(entry[1]) else entry[1])
    if not worst[1] < TOLERANCE:
        sys.exit(f"{worst[0]} differs by {worst[1]:.1e}: this is another model, and nothing is timed")
    yield {"largest_difference": worst[1], "in": worst[0]}


def attempt(body):
    """What body() measured, or why it could not."""
    try:
        return body()
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}"[:4000]}


def compiled(function, mode):
    return function if mode is None else torch.compile(function, mode=mode)


def step_ms(model, args, device, x, labels, mode):
    torch.compiler.reset()
    loss_of = compiled(model.loss, mode)
    optimizer = adam(model, device)
    dim = len(model.shift)

    def body():
        torch.compiler.cudagraph_mark_step_begin()
        train(model, optimizer, x, labels, torch.randn(args.samples, dim, device=device), loss_of)

    return {"ms": 1e3 * median_seconds(body, device, args.repeats)}


def step(model, args, device):
    inputs = read(f"{args.dir}/inputs.safetensors")
    x, labels = inputs["x"].to(device), inputs["labels"].long().to(device)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    for name in args.modes or MODES:
        if name == "compiled_cuda_graphs" and device.type != "cuda":
            continue
        model.load_state_dict(start)
        model.zero_grad(set_to_none=True)
        result = attempt(lambda: step_ms(model, args, device, x, labels, MODES[name]))
        yield {"mode": name, "batch": len(x), "samples": args.samples, "iaf_steps": len(model.steps), **result}


def flow_us(model, args, device, samples):
    eps = torch.randn(samples, len(model.shift), device=device)

    def body():
        model.zero_grad(set_to_none=True)
        z, log_det = model.flow(eps)
        (z.sum() + log_det.sum()).backward()

    return {"us": 1e6 * median_seconds(body, device, args.repeats)}


def flow(model, args, device):
    for samples in SIZES:
        yield {"samples": samples, **attempt(lambda: flow_us(model, args, device, samples))}


def images(rows, device):
    """The images of Problem.images: SplittableRandom(7), as Java draws its doubles."""
    mask, golden, seed, values = (1 << 64) - 1, 0x9E3779B97F4A7C15, 7, []
    for _ in range(rows * PIXELS):
        seed = (seed + golden) & mask
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        values.append(((z ^ (z >> 31)) >> 11) * 2.0**-53)
    return torch.tensor(values, dtype=torch.float32, device=device).reshape(rows, PIXELS)


@torch.no_grad()
def predict_loop(flow, network, x, noise):
    """As a user writes it: a draw of the weights, a pass over all images, sums of the statistics."""
    mean = second = entropy = 0
    for eps in noise:
        log_p = F.log_softmax(network(x, flow(eps[None])[0]), dim=1)
        p = log_p.exp()
        mean, second, entropy = mean + p, second + p.square(), entropy - (p * log_p).sum(dim=1)
    return mean / len(noise)


@torch.no_grad()
def predict_vmap(flow, network, x, noise, at_once=10):
    """Draws side by side, as many as memory holds comfortably."""
    gains, _ = flow(noise)
    return sum(F.softmax(network(x, part), dim=-1).sum(dim=0) for part in gains.split(at_once)) / len(noise)


def predict_s(by, model, x, noise, mode, device):
    torch.compiler.reset()
    flow, network = compiled(model.flow, mode), compiled(model.network, mode)
    if by == "vmap":
        network = compiled(torch.vmap(lambda x, g: model.network(x, g[None]), in_dims=(None, 0)), mode)
    of = predict_vmap if by == "vmap" else predict_loop
    of(flow, network, x, noise if by == "vmap" else noise[:10])  # of the sizes timed, for which compiled code is made
    wait(device)
    start = time.perf_counter()
    of(flow, network, x, noise)
    wait(device)
    return {"s": time.perf_counter() - start}


def predict(model, args, device):
    x = torch.rand(10_000, PIXELS, device=device)
    noise = torch.randn(args.draws, len(model.shift), device=device)
    for by in [args.by] if args.by else ["loop", "vmap"]:
        for mode in args.modes or ["eager"]:
            if mode == "compiled_cuda_graphs" and device.type != "cuda":
                continue
            result = attempt(lambda: predict_s(by, model, x, noise, MODES[mode], device))
            yield {"by": by, "mode": mode, "draws": args.draws, "images": len(x), **result}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir")
    parser.add_argument("task", choices=["check", "step", "flow", "predict"])
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--modes", nargs="+", choices=list(MODES))
    parser.add_argument("--by", choices=["loop", "vmap"])
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    device = torch.device(args.device)
    torch.backends.cuda.matmul.allow_tf32 = False
    model = Hypernetwork(read(f"{args.dir}/before.safetensors")).to(device)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    failed = False
    for result in {"check": check, "step": step, "flow": flow, "predict": predict}[args.task](model, args, device):
        print(json.dumps({"task": args.task, "torch": torch.__version__, "device": name, **result}), flush=True)
        failed |= "error" in result
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
