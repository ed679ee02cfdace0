"""Times the same networks in PyTorch, ONNX Runtime, OpenVINO and voxpert, interleaved, on this machine.

Run by bench/rivals. One process for each runtime and network; each keeps its model loaded and runs once whenever it is
asked, so that all see the same noise. Prints medians [min..max] in seconds, ratios to ours and peak resident memory.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def peak_rss():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def worker(runtime, config, folder):
    """Answers each line on stdin with one run."""
    import numpy as np
    import rivals_models as models

    make, size, grid = models.CONFIGS[config]
    image = np.random.default_rng(0).standard_normal((1, 3, size, size), dtype=np.float32)
    embedding = np.random.default_rng(1).standard_normal((1, 256, grid, grid), dtype=np.float32)
    sparse = np.random.default_rng(2).standard_normal((1, 2, 256), dtype=np.float32)
    encoder_file, decoder_file = f"{folder}/{config}.onnx", f"{folder}/decoder_{grid}.onnx"
    if runtime.startswith("torch"):
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        encoder, decoder = make().eval(), models.SamDecoder(grid).eval()
        half = runtime == "torch-bf16"

        def encode():
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
                encoder(torch.from_numpy(image))

        def decode():
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
                decoder(torch.from_numpy(embedding), torch.from_numpy(sparse))
    elif runtime == "onnxruntime":
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
        e, d = (ort.InferenceSession(f, options, providers=["CPUExecutionProvider"]) for f in (encoder_file, decoder_file))
        e_in, d_in = e.get_inputs()[0].name, [i.name for i in d.get_inputs()]

        def encode():
            e.run(None, {e_in: image})

        def decode():
            d.run(None, dict(zip(d_in, (embedding, sparse))))
    else:
        import openvino as ov

        core = ov.Core()
        hint = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": os.environ["OMP_NUM_THREADS"]}
        if runtime == "openvino-f32":
            hint["INFERENCE_PRECISION_HINT"] = "f32"
        e, d = (core.compile_model(f, "CPU", hint).create_infer_request() for f in (encoder_file, decoder_file))

        def encode():
            e.infer([image])

        def decode():
            d.infer([embedding, sparse])

    print("ready", flush=True)
    for _ in sys.stdin:
        seconds = []
        for step in (encode, decode, decode):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        print(f"encode {seconds[0]:.6f} first {seconds[1]:.6f} later {seconds[2]:.6f} rss {peak_rss()}", flush=True)


def export(configs, folder):
    import torch
    import rivals_models as models

    for config in configs:
        make, size, grid = models.CONFIGS[config]
        jobs = [(f"{folder}/{config}.onnx", make, (torch.zeros(1, 3, size, size),))]
        jobs.append((f"{folder}/decoder_{grid}.onnx", lambda: models.SamDecoder(grid), (torch.zeros(1, 256, grid, grid), torch.zeros(1, 2, 256))))
        for path, build, inputs in jobs:
            if not os.path.exists(path):
                torch.onnx.export(build().eval(), inputs, path, dynamo=False, opset_version=17)


class Runner:
    def __init__(self, name, command, env):
        start = time.perf_counter()
        self.name, self.runs = name, []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        first = self.process.stdout.readline()
        if not first.startswith("ready"):
            raise SystemExit(f"bench/rivals: {name} did not start")
        self.start_seconds = time.perf_counter() - start

    def once(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        self.runs.append({k: float(v) for k, v in zip(words[::2], words[1::2])})

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def spread(values):
    return f"{statistics.median(values):.4f} [{min(values):.4f}..{max(values):.4f}]"


def compare(config, runtimes, build, folder, rounds):
    env = dict(os.environ, OMP_NUM_THREADS=str(os.cpu_count()), PYTHONPATH=os.path.dirname(os.path.abspath(__file__)))
    env["GLIBC_TUNABLES"] = "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=8589934592"
    plain = {k: v for k, v in env.items() if k != "GLIBC_TUNABLES"}
    model = f"{folder}/{config}.safetensors"
    subprocess.run([f"{build}/bench/bench_encoder", "--make", config, model], check=True)
    runners = [Runner("voxpert f32", [f"{build}/bench/bench_encoder", model], plain)]
    for r in runtimes:
        runners.append(Runner(r, [sys.executable, os.path.abspath(__file__), "--worker", r, config, folder], env))
    for _ in range(rounds + 2):
        for r in runners:
            r.once()
    print(f"\n{config}: seconds, median [min..max] of {rounds} interleaved rounds after 2 warm-ups")
    print(f"{'runtime':14} {'encoder':28} {'first prompt':28} {'later prompt':28} {'start':>7} {'peak RSS':>9}   ours is x faster: encoder, first, later")
    ours = runners[0].runs[2:]
    for r in runners:
        runs = r.runs[2:]
        cells = [spread([x[k] for x in runs]) for k in ("encode", "first", "later")]
        ratio = [statistics.median(x[k] for x in runs) / statistics.median(x[k] for x in ours) for k in ("encode", "first", "later")]
        print(f"{r.name:14} {cells[0]:28} {cells[1]:28} {cells[2]:28} {r.start_seconds:6.2f}s {runs[-1]['rss'] / 2**20:6.0f}MiB   " + ", ".join(f"{x:.2f}" for x in ratio))
        r.close()
    sys.stdout.flush()


def compare_training(name, grid, experts, build, rounds):
    env = dict(os.environ, OMP_NUM_THREADS=str(os.cpu_count()))
    tuned = dict(env, GLIBC_TUNABLES="glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=8589934592")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rivals_training.py")
    runners = [
        Runner("voxpert f32", [f"{build}/bench/bench_training", str(grid), str(experts)], env),
        Runner("torch", [sys.executable, script, str(grid), str(experts)], env),
        Runner("torch, malloc tuned", [sys.executable, script, str(grid), str(experts)], tuned),
    ]
    for _ in range(rounds + 2):
        for r in runners:
            r.once()
    print(f"\n{name}: seconds of a training step of 10 samples, median [min..max] of {rounds} interleaved rounds after 2 warm-ups")
    print(f"{'runtime':20} {'step':28} {'start':>7} {'peak RSS':>9}   ours is x faster")
    ours = statistics.median(x["step"] for x in runners[0].runs[2:])
    for r in runners:
        steps = [x["step"] for x in r.runs[2:]]
        print(f"{r.name:20} {spread(steps):28} {r.start_seconds:6.2f}s {r.runs[-1]['rss'] / 2**20:6.0f}MiB   {statistics.median(steps) / ours:.2f}")
        r.close()
    sys.stdout.flush()


# Side of the embedding, experts: SegMoTE's four behind a router, or one MLP for all added tokens.
TRAINING = {"segmote_32": (32, 4), "segmote_64": (64, 4), "tokens_32": (32, 1), "tokens_64": (64, 1)}


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "--worker":
        return worker(*sys.argv[2:])
    import rivals_models as models

    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--config", action="append", choices=sorted(models.CONFIGS) + sorted(TRAINING))
    p.add_argument("--runtime", action="append")
    p.add_argument("--rounds", type=int, default=5)
    a = p.parse_args()
    chosen = a.config or list(models.CONFIGS) + list(TRAINING)
    configs = [c for c in chosen if c not in TRAINING]
    runtimes = a.runtime or ["torch", "torch-bf16", "onnxruntime", "openvino-f32", "openvino"]
    with open("/proc/cpuinfo") as f:
        print(next(line.split(":")[1].strip() for line in f if line.startswith("model name")), f"{os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        export(configs, folder)
        for config in configs:
            compare(config, runtimes, a.build, folder, a.rounds)
    for config in chosen:
        if config in TRAINING:
            compare_training(config, *TRAINING[config], a.build, a.rounds)


if __name__ == "__main__":
    main()
