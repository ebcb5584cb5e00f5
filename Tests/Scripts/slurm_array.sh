#!/bin/bash
# Draws the chains of one run as a Slurm job array (chains.sbatch), kills and requeues one of them on the way, merges them, and compares with the run on one
# machine: every draw must be the same. Not part of `swift test`.
#
#   swift build -c release && Tests/Scripts/slurm_array.sh [program]
#
# Without a cluster it makes one of this machine, for which it must be root (Debian: apt-get install slurm-wlm munge), and takes it down again.
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:-.build/release/credence}")
work=$(mktemp -d)
started=()
finish() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null; done
  wait 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "slurm_array: $1"
  exit 1
}

own_cluster() {
  command -v slurmctld >/dev/null && command -v munged >/dev/null || fail "there is no cluster, and slurm-wlm is not installed"
  [ "$(id -u)" = 0 ] || fail "there is no cluster, and only root can start one"
  local name
  name=$(hostname -s)
  mkdir -p "$work/state" "$work/spool" "$work/munge"
  chmod 755 "$work"
  dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
  chmod 600 "$work/munge/key"
  cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$name
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
SlurmUser=root
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/d.pid
SlurmctldPort=26817
SlurmdPort=26818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MinJobAge=300
ReturnToService=2
NodeName=$name CPUs=$(nproc)
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
  export SLURM_CONF=$work/slurm.conf
  munged --force --foreground --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
    --log-file="$work/munge/log" --seed-file="$work/munge/seed" >"$work/munged.out" 2>&1 &
  started+=($!)
  for _ in $(seq 50); do [ -S "$work/munge/socket" ] && break; sleep 0.1; done
  slurmctld -D -f "$SLURM_CONF" >"$work/ctld.out" 2>&1 &
  started+=($!)
  slurmd -D -f "$SLURM_CONF" -N "$name" >"$work/d.out" 2>&1 &
  started+=($!)
  for _ in $(seq 100); do
    sinfo -h -o %T 2>/dev/null | grep -q idle && return
    sleep 0.2
  done
  tail -5 "$work"/*.out
  fail "the cluster of this machine does not come up"
}

sinfo -h >/dev/null 2>&1 || own_cluster
mkdir "$work/run" && cd "$work/run" || fail "no directory"
export CREDENCE=$program
# Long enough to be stopped on the way.
settings="--draws 400000 --thin 16 --warmup 500 --seed 7"
job=$(sbatch --parsable "$here/chains.sbatch" eight-schools $settings --checkpoint-every 0.2) || fail "sbatch refuses the job"
for _ in $(seq 100); do
  [ -e chain-1.checkpoint ] && break
  sleep 0.1
done
sleep 0.5
# As after a preemption: the task is stopped and begins again, from its checkpoint.
scontrol requeue "${job}_1" || fail "task 1 cannot be requeued"
# Slurm lets a requeued task wait for minutes.
for _ in $(seq 50); do
  squeue -h -j "${job}_1" -o %T 2>/dev/null | grep -q PENDING && scontrol update "JobId=${job}_1" StartTime=now 2>/dev/null && break
  sleep 0.2
done
for _ in $(seq 600); do
  [ -z "$(squeue -h -j "$job" 2>/dev/null)" ] && break
  sleep 0.5
done
grep -q "go on with --resume" slurm-*.out || fail "task 1 was not stopped on its way"
for chain in 1 2 3 4; do [ -s "chain-$chain.csv" ] || { cat slurm-*.out; fail "chain $chain has no draws"; }; done
cat slurm-*.out
"$program" merge chain-1.csv chain-2.csv chain-3.csv chain-4.csv --output merged.json || fail "merge"
"$program" infer eight-schools --chains 4 $settings --draws-output whole.csv --output whole.json --quiet
for chain in 1 2 3 4; do
  cmp <(grep -v '^#' "chain-$chain.csv") <(grep -v '^#' "whole_$chain.csv") || fail "chain $chain differs"
done
echo "slurm_array: four tasks, one requeued: every draw is that of the run on one machine"
