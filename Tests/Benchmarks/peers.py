"""The peers' side of benchmark.py: runs their scripts, each in its virtual environment on one thread, and reads what they wrote."""
import json, os, subprocess, sys

SCRIPTS = {"stan": "bench_stan.py", "numpyro": "bench_numpyro.py", "pymc": "bench_pymc.py", "pyro": "bench_pyro.py"}
# What holds every system to one thread; the scripts' common.py sets more.
ONE_THREAD = {"PEERS_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Peers:
    """Figures of other systems: from runs of their scripts beside ours (`venv`), or from a file of earlier ones (`results`)."""

    def __init__(self, directory, venv, results, output):
        self.directory, self.venv = directory, venv
        self.is_live = results is None
        self.path = output if self.is_live else results
        self.environment = dict(os.environ, PEERS_VENV=venv or "", PEERS_RESULTS=self.path, PYTHONDONTWRITEBYTECODE="1", **ONE_THREAD)
        self.missing = set()
        if self.is_live:
            open(self.path, "w").close()

    def python(self, system):
        """The interpreter of a system's virtual environment, or None where there is none."""
        path = os.path.join(self.venv or "", "venv-" + system, "bin", "python")
        return path if self.venv and os.path.exists(path) else None

    def run(self, system, model, *tasks):
        """Runs the tasks of a system, whose rows go to the file of results. What fails is told and left out of the table."""
        if not self.is_live:
            return
        python = self.python(system)
        if python is None:
            if system not in self.missing:
                print(f"{system}: there is no {self.venv}/venv-{system}, so it is left out.", file=sys.stderr)
            self.missing.add(system)
            return
        if system == "stan" and not os.path.exists(os.path.join(self.venv, "stan-build", model)):
            # The compilation of a Stan model stays outside of everything that is timed.
            self._call(python, system, model, ["--task", "build"])
        self._call(python, system, model, list(tasks))

    def _call(self, python, system, model, words):
        print(f"  {system} {model} {' '.join(words)}", file=sys.stderr, flush=True)
        done = subprocess.run(
            [python, SCRIPTS[system], "--model", model, *words], cwd=self.directory, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"{system} {model} failed: {last}", file=sys.stderr)

    def rows(self, system, model, task):
        rows = [json.loads(line) for line in open(self.path)]
        return [r for r in rows if (r["system"], r["model"], r["task"]) == (system, model, task) and not r.get("failed")]

    def figure(self, system, model, task, key, **where):
        """The last figure of that name, or None."""
        found = [r[key] for r in self.rows(system, model, task) if r.get(key) is not None and all(r.get(k) == v for k, v in where.items())]
        return found[-1] if found else None

    def sampling(self, system, model):
        """The NUTS run of a system with the most draws a second: NumPyro has two ways to run chains."""
        return max(self.rows(system, model, "nuts"), key=lambda r: r["ess_per_cpu_s"], default={})
