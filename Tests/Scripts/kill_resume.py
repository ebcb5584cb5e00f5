#!/usr/bin/env python3
"""Kills checkpointed runs at random moments and resumes them until they end; the last bytes must be those of a run that nobody disturbed.

    Tests/Scripts/kill_resume.py [--kills N] [--seed S] [--program .build/release/credence]

N kills (50 by default), spread over runs of NUTS, VI and SMC. Of each resumed run the draws file must be the same to the byte, and the result but for its
timing. Exits with 1 where anything differs, or a resume fails.
"""
import argparse, json, os, random, signal, subprocess, sys, tempfile, time

RUNS = [
    ("nuts", ["eight-schools", "--draws", "60000", "--chains", "2"]),
    ("vi", ["eight-schools", "--method", "vi", "--guide", "full-rank", "--steps", "60000", "--particles", "16"]),
    ("flow", ["eight-schools", "--method", "vi", "--guide", "flow:affine", "--steps", "1500"]),
    ("smc", ["eight-schools", "--method", "smc", "--particles", "40000"]),
]


def command(program, arguments, directory, name, *more):
    return [program, "infer", *arguments, "--seed", "3", "--quiet", "--output", f"{directory}/{name}.json",
            "--draws-output", f"{directory}/{name}-draws.json", *more]


def outcome(directory, name):
    with open(f"{directory}/{name}.json") as file:
        result = json.load(file)
    del result["timing"]
    with open(f"{directory}/{name}-draws.json", "rb") as file:
        return json.dumps(result), file.read()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--program", default=".build/release/credence")
    options = options.parse_args()
    chance = random.Random(options.seed)
    failures = 0
    total = 0
    for index, (method, arguments) in enumerate(RUNS):
        wanted = options.kills * (index + 1) // len(RUNS) - options.kills * index // len(RUNS)
        with tempfile.TemporaryDirectory() as directory:
            begin = time.time()
            whole = subprocess.run(command(options.program, arguments, directory, "whole"), capture_output=True, text=True)
            duration = time.time() - begin
            if whole.returncode not in (0, 3):
                sys.exit(f"{method}: the undisturbed run ended with {whole.returncode}: {whole.stderr}")
            expected = outcome(directory, "whole")
            kills = resumes = rounds = 0
            while kills < wanted and rounds < 20 * wanted:
                rounds += 1
                checkpoint = f"{directory}/run-{rounds}.checkpoint"
                # Of one run until it ends: some kills, at moments that fall all over it.
                while True:
                    going = os.path.exists(checkpoint)
                    more = ["--resume", checkpoint] if going else ["--checkpoint", checkpoint]
                    process = subprocess.Popen(
                        command(options.program, arguments, directory, "part", *more, "--checkpoint-every", "0.05"),
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    resumes += going
                    try:
                        if kills < wanted:
                            process.wait(timeout=chance.uniform(0, 0.7 * duration))
                        else:
                            process.wait()
                    except subprocess.TimeoutExpired:
                        process.send_signal(signal.SIGKILL)
                        process.communicate()
                        kills += 1
                        continue
                    _, notes = process.communicate()
                    if process.returncode != whole.returncode:
                        print(f"{method}: a resumed run ended with {process.returncode}: {notes}")
                        failures += 1
                    elif outcome(directory, "part") != expected:
                        print(f"{method}: a resumed run ended in other bytes")
                        failures += 1
                    break
            left = [name for name in os.listdir(directory) if name.startswith(".")]
            failures += len(left)
            total += kills
            print(f"{method}: {duration:.2f} s undisturbed, {kills} kills in {rounds} runs, {resumes} resumes, all equal: {failures == 0}"
                  + (f", {len(left)} files left behind" if left else ""))
    print(f"{total} kills, {failures} failures")
    sys.exit(1 if failures or total < options.kills else 0)


main()
