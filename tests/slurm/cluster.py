"""A SLURM cluster of two nodes on loopback, in a folder of its own: munged, mariadbd, slurmdbd, slurmctld, two slurmd.

Needs root and Debian's slurm-wlm, slurmdbd, munge and mariadb-server. Nothing of the machine's own configuration is
touched but ``/etc/slurm/slurm.conf``, which must not be there: jobs find the cluster by that path alone, since
Snakemake's plugin takes ``SLURM_*`` out of their environment. It is a link into the folder and goes with the cluster.

    python tests/slurm/cluster.py stop     # what a harness that was killed has left over
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

CONF = Path("/etc/slurm/slurm.conf")
PREFIX = "anpi-slurm-"
NAME = "anpi-test"
NODES = ("n1", "n2")
DAEMONS = ("munged", "mariadbd", "mariadb-install-db", "slurmdbd", "slurmctld", "slurmd")

SLURM_CONF = """\
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldPort={slurmctld}
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd-%n.pid
SlurmdSpoolDir={folder}/spool-%n
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# A silent node is found soon, a job that does not stop is made to.
SlurmdTimeout=15
MessageTimeout=10
KillWait=5
MinJobAge=600
DefMemPerCPU=500
# No cgroups in a container: the accounting looks at the memory of a job each second and ends those over theirs.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStoreFlags=job_comment
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={slurmdbd}
AccountingStoragePass={folder}/munge/socket
SlurmdParameters=config_overrides
{nodes}
PartitionName=main Nodes={partition} Default=YES MaxTime=INFINITE State=UP
"""
NODE = "NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=12000 State=UNKNOWN"

SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={slurmdbd}
SlurmUser=root
LogFile={folder}/log/slurmdbd.log
PidFile={folder}/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadbd}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct_db
"""


class CannotStart(Exception):
    """Why no cluster can be had here, in words."""


class Cluster:
    """The daemons of a cluster, each known by its process id.

    Parameters
    ----------
    folder : Path
        Where everything of the cluster lies; made by `start`.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.daemons: dict[str, subprocess.Popen] = {}
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    @classmethod
    def start(cls) -> Cluster:
        """Start all daemons; when one does not, stop those that did.

        Raises
        ------
        CannotStart
            Without root, without the packages, or beside a SLURM of the machine's own.
        """
        refuse_to_disturb()
        # Without the mode of a temporary folder: mariadbd runs as a user of its own.
        cluster = cls(Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp")))
        cluster.folder.chmod(0o755)
        (cluster.folder / "owner").write_text(f"{os.getpid()} {started(os.getpid())}")
        try:
            cluster._start()
        except BaseException:
            cluster.stop()
            raise
        return cluster

    def _start(self) -> None:
        for name in ("munge", "log", "state", "run", "db", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        self._configure()
        self._start_munge()
        self._start_database()
        CONF.parent.mkdir(exist_ok=True)
        CONF.symlink_to(self.folder / "slurm.conf")
        self._spawn("slurmdbd", "slurmdbd", "-D")
        self._until("slurmdbd answers", lambda: self.does("sacctmgr", "-i", "add", "cluster", NAME))
        self._spawn("slurmctld", "slurmctld", "-D")
        self._until("slurmctld answers", lambda: self.does("scontrol", "ping"))
        self.call("sacctmgr", "-i", "add", "account", "lab", f"Cluster={NAME}")
        self.call("sacctmgr", "-i", "add", "user", "root", "Account=lab")
        for node in NODES:
            self.start_node(node)

    def _configure(self) -> None:
        slurmctld, slurmdbd, self.mariadbd_port, *nodes = free_ports(3 + len(NODES))
        self.password = secrets.token_hex(16)
        host = socket.gethostname().split(".")[0]
        common = {"folder": self.folder, "host": host, "slurmdbd": slurmdbd}
        lines = [NODE.format(node=node, host=host, port=port) for node, port in zip(NODES, nodes, strict=True)]
        text = SLURM_CONF.format(
            **common, name=NAME, slurmctld=slurmctld, nodes="\n".join(lines), partition=",".join(NODES)
        )
        (self.folder / "slurm.conf").write_text(text)
        secret = self.folder / "slurmdbd.conf"
        secret.touch(0o600)
        secret.write_text(SLURMDBD_CONF.format(**common, mariadbd=self.mariadbd_port, password=self.password))

    def _start_munge(self) -> None:
        place = self.folder / "munge"
        key = place / "key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        paths = {"socket": "socket", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
        options = [f"--{option}={place / name}" for option, name in paths.items()]
        self._spawn("munged", "munged", "--foreground", f"--key-file={key}", *options)
        self._until("munged answers", lambda: self.does("munge", f"--socket={place / 'socket'}", "-n"))

    def _start_database(self) -> None:
        place = self.folder / "db"
        shutil.chown(place, "mysql", "mysql")
        data, door = place / "data", place / "socket"
        install = ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}", "--skip-test-db"]
        self.call(*install, "--auth-root-authentication-method=normal")
        address = [f"--datadir={data}", f"--socket={door}", f"--port={self.mariadbd_port}", "--bind-address=127.0.0.1"]
        sizes = ["--innodb-buffer-pool-size=128M", "--innodb-lock-wait-timeout=900"]
        self._spawn("mariadbd", "mariadbd", "--no-defaults", "--user=mysql", *address, *sizes)
        client = ["mariadb", "--no-defaults", f"--socket={door}", "--user=root"]
        self._until("mariadbd answers", lambda: self.does(*client, "--execute=select 1"))
        grants = (
            f"create user 'slurm'@'%' identified by '{self.password}'; create database slurm_acct_db;"
            " grant all on slurm_acct_db.* to 'slurm'@'%'"
        )
        self.call(*client, stdin=grants)

    def start_node(self, node: str) -> None:
        """Start the daemon of a node and wait until the node takes jobs."""
        self._spawn(f"slurmd-{node}", "slurmd", "-D", "-N", node)
        self._until(f"node {node} is idle", lambda: self.state_of(node).startswith(("idle", "mix", "alloc")))

    def kill_node(self, node: str) -> None:
        """Let a node vanish in mid-run: its daemon, the steps of its jobs and their processes, at once."""
        jobs = self.call("squeue", "--noheader", f"--nodelist={node}", "--format=%A").split()
        daemon = self.daemons.pop(f"slurmd-{node}")
        daemon.kill()
        daemon.wait()
        kill_all(lambda: processes_of(jobs))

    def state_of(self, node: str) -> str:
        """Return the state of a node in SLURM's word."""
        return self.call("sinfo", "--noheader", f"--nodes={node}", "--format=%T").strip()

    def jobs(self) -> list[dict[str, str]]:
        """List all jobs that ever were, with state, node, memory (``600M``) and time limit (``01:30:00``)."""
        fields = ["JobID", "State", "NodeList", "ReqMem", "Timelimit", "Comment", "Submit", "End"]
        lines = self.call("sacct", "--allocations", "--noheader", "--parsable2", f"--format={','.join(fields)}")
        return [dict(zip(fields, line.split("|"), strict=True)) for line in lines.splitlines()]

    def call(self, *words: str, stdin: str = "") -> str:
        """Call a command of the cluster; it must succeed."""
        done = subprocess.run(words, input=stdin, capture_output=True, text=True, env=self.environment, check=False)
        if done.returncode:
            raise CannotStart(f"{' '.join(words[:3])} failed: {(done.stdout + done.stderr).strip()[-1000:]}")
        return done.stdout

    def does(self, *words: str) -> bool:
        """Return whether a command of the cluster succeeds."""
        return subprocess.run(words, capture_output=True, env=self.environment, check=False).returncode == 0

    def _spawn(self, name: str, *words: str) -> None:
        with open(self.folder / "log" / f"{name}.out", "ab") as log:
            daemon = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        self.daemons[name] = daemon
        with open(self.folder / "pids", "a") as pids:
            pids.write(f"{daemon.pid} {started(daemon.pid)} {name}\n")

    def _until(self, what: str, ready: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not ready():
            for name, daemon in self.daemons.items():
                if daemon.poll() is not None:
                    said = (self.folder / "log" / f"{name}.out").read_text(errors="replace")[-1000:]
                    raise CannotStart(f"{name} ended with {daemon.returncode} before {what}: {said}")
            if time.monotonic() > end:
                raise CannotStart(f"waited {seconds:.0f} s, and not yet: {what}; see {self.folder}/log")
            time.sleep(0.3)

    def stop(self) -> None:
        """End all jobs and daemons by their ids and remove the folder and the link."""
        stop_folder(self.folder)
        for daemon in self.daemons.values():
            daemon.wait()


def refuse_to_disturb() -> None:
    """Raise where a cluster cannot or shall not be started, after clearing away what a killed harness left."""
    stop_leftovers()
    missing = [name for name in DAEMONS if shutil.which(name) is None]
    if missing:
        raise CannotStart(
            f"{', '.join(missing)} not found. Debian: apt-get install slurm-wlm slurmdbd munge mariadb-server"
        )
    if CONF.is_symlink() or CONF.exists():
        raise CannotStart(f"{CONF} stands here: this machine has a SLURM of its own, which is left alone")


def stop_leftovers() -> None:
    """Stop a cluster whose harness was killed: the link tells its folder, the folder its process ids.

    Raises
    ------
    CannotStart
        Without root, or when the harness still runs.
    """
    if os.geteuid() != 0:
        raise CannotStart("the cluster of this test needs root: slurmd starts jobs as their user")
    if not CONF.is_symlink():
        return
    folder = Path(os.readlink(CONF)).parent
    if folder.parent != Path("/tmp") or not folder.name.startswith(PREFIX):
        return
    owner = (folder / "owner").read_text().split() if (folder / "owner").exists() else ["0", "gone"]
    if started(int(owner[0])) == owner[1]:
        raise CannotStart(f"process {owner[0]} runs this test already, in {folder}")
    stop_folder(folder)


def stop_folder(folder: Path) -> None:
    """End the processes recorded in a folder, last started first; then the folder and the link to it."""
    recorded = (folder / "pids").read_text().split("\n")[:-1] if (folder / "pids").exists() else []
    kill_all(processes_of)  # jobs and their steps: else they wait for daemons that are gone
    for line in reversed(recorded):
        pid, birth, _ = line.split(" ", 2)
        end_process(int(pid), birth)
    kill_all(processes_of)
    if CONF.is_symlink() and Path(os.readlink(CONF)).parent == folder:
        CONF.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def end_process(pid: int, birth: str, seconds: float = 10) -> None:
    """End a process that is still the one recorded: asked first, then made to."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if started(pid) != birth:
            return
        os.kill(pid, number)
        end = time.monotonic() + seconds
        while started(pid) == birth and time.monotonic() < end:
            time.sleep(0.1)


def started(pid: int) -> str:
    """Return when a process was started, in ticks; nothing when it is gone or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] == "Z" else fields[19]


def processes_of(jobs: Iterable[str] | None = None) -> list[int]:
    """List the processes of jobs of this cluster, of all when none are named: tasks by environment, steps by title."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = dict(
                item.partition("=")[::2] for item in (folder / "environ").read_text(errors="replace").split("\0")
            )
            title = (folder / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        if environment.get("SLURM_CLUSTER_NAME") == NAME:
            job = environment.get("SLURM_JOB_ID", "")
        elif title.startswith("slurmstepd: [") and f"/{PREFIX}" in environment.get("SLURM_CONF", ""):
            job = title.removeprefix("slurmstepd: [").partition(".")[0]
        else:
            continue
        if jobs is None or job in jobs:
            found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]


def kill_all(listed: Callable[[], list[int]]) -> None:
    """Kill what is listed until nothing is: a step may start a process while it dies."""
    for _ in range(20):
        pids = [pid for pid in listed() if started(pid)]
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)


def free_ports(number: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [door.getsockname()[1] for door in doors]
    for door in doors:
        door.close()
    return ports


if __name__ == "__main__":
    if sys.argv[1:] != ["stop"]:
        sys.exit(__doc__)
    try:
        stop_leftovers()
    except CannotStart as reason:
        sys.exit(str(reason))
