"""A Kafka of our own on one machine: controller and broker in one Java process on 127.0.0.1, run from plain jars."""

import asyncio
import base64
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from streams.up.processes import free_port, is_free, last_lines, tied

_START_SECONDS = 180.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05
_ANSWER_MS = 2000
_MB = 1_048_576

# The first compiler alone and the simple collector: on two cores the broker then takes half the processor time of the
# defaults under the same load, starts in two thirds of the time, and loses no throughput.
_JVM = ("-Xms128m", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    # Every client and topic would print its whole configuration.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)

_PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "min.insync.replicas": "1",
    # A topic's own settings decide (streams/topics.py); the broker only has to let its largest record pass.
    "message.max.bytes": str(8 * _MB),
    "replica.fetch.max.bytes": str(8 * _MB),
    "log.retention.hours": "168",
    # The cleaner allocates this at once; it is enough for a million keys in one pass.
    "log.cleaner.dedupe.buffer.size": str(32 * _MB),
    # By default the first commit creates fifty partitions of each, and every start loads them.
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    # The first member of a group need not wait for others to come.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class KafkaNotRunning(Exception):
    """The local broker cannot be started, or has ended. The message says why and what to do."""


class Listener(NamedTuple):
    """One more port of the broker. Who asks there is told to come to `advertised` (host:port): to what forwards here.
    The name is of capital letters.
    """

    name: str
    port: int
    advertised: str


class LocalKafka:
    """A single Kafka node that keeps its data in `folder`; a start on a folder that has data goes on with it.

    `libs` holds the jars, which `make setup` puts into `.local/kafka/libs`. Port 0 is the port of the folder's last
    start if it is free, else `preferred` if that is free, else any free one. `listeners` that are set before a start
    are there besides, and so are `properties`. The broker dies with its parent.
    """

    def __init__(
        self, folder: Path, libs: Path, *, port: int = 0, preferred: int = 0, java_options: Sequence[str] = ()
    ) -> None:
        self.folder = folder.absolute()
        self.libs = libs.absolute()
        self.port = port
        self._preferred = preferred
        self.listeners: Sequence[Listener] = ()
        # What stands in the configuration besides or instead, and what `kafka-storage format` is told besides.
        self.properties: Mapping[str, str] = {}
        self.format_options: Sequence[str] = ()
        self._java_options = java_options or _archive_options(self.libs)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def brokers(self) -> str:
        """The bootstrap address; its port is known once `prepare` or `start` has run."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process id, while `start` has it running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def log(self) -> Path:
        """What the broker says when `start` runs it."""
        return self.folder / "kafka.log"

    @property
    def argv(self) -> list[str]:
        """The command that runs the prepared broker in the foreground. It ends in order on SIGTERM."""
        return [*self._java(self._java_options), "kafka.Kafka", str(self._properties)]

    def prepare(self) -> None:
        """Choose the ports, write the configuration, and format the storage unless that is done.

        Raises KafkaNotRunning when Java or the jars are missing or the storage cannot be formatted.
        """
        _require(self.libs)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._choose_port()
        controller = f"127.0.0.1:{free_port()}"
        own = f"PLAINTEXT://{self.brokers}"
        also = [f"{name}://127.0.0.1:{port}" for name, port, _ in self.listeners]
        properties = _PROPERTIES | {
            "listeners": ",".join([own, f"CONTROLLER://{controller}", *also]),
            "advertised.listeners": ",".join([own, *(f"{name}://{place}" for name, _, place in self.listeners)]),
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *(each.name for each in self.listeners))
            ),
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self._data),
            **self.properties,
        }
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        if not (self._data / "meta.properties").exists():
            self._format()

    async def ready(self) -> bool:
        """Whether the broker answers a request for metadata with itself in it."""
        try:
            # aiokafka logs an error for every refused connection, and a start has many.
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        client = AIOKafkaClient(bootstrap_servers=self.brokers, request_timeout_ms=_ANSWER_MS)
        try:
            await client.bootstrap()
            return bool(client.cluster.brokers())
        except KafkaError:
            return False
        finally:
            await client.close()

    async def start(self) -> None:
        """Start the broker and return once it answers.

        Raises KafkaNotRunning with the last lines of its log when it ends, or does not answer within three minutes.
        """
        await asyncio.to_thread(self.prepare)
        self._process = process = self._spawn()
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._answering(process)
        except BaseException as error:
            await self.stop()
            if isinstance(error, TimeoutError):
                late = f"Kafka did not answer within {_START_SECONDS:.0f} s"
                raise KafkaNotRunning(f"{late}; {self._last_words()}") from None
            raise

    async def stop(self) -> None:
        """End the broker in order, or by force after 15 seconds. One that does not run is no error."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _java(self, options: Sequence[str]) -> list[str]:
        return ["java", *_JVM, *_LOGGING, *options, "-cp", f"{self.libs}/*"]

    def _choose_port(self) -> None:
        remembered = self.folder / "port"
        if self.port and not is_free(self.port):
            raise KafkaNotRunning(f"Port {self.port} is taken by another process; stop that or choose another port.")
        if self.port == 0:
            last = int(remembered.read_text()) if remembered.exists() else 0
            self.port = next((port for port in (last, self._preferred) if port and is_free(port)), 0) or free_port()
        remembered.write_text(f"{self.port}\n")

    def _format(self) -> None:
        tool = [*self._java(_archive_options(self.libs)), "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        argv = [*tool, "--cluster-id", _new_cluster_id(), "--config", str(self._properties), *self.format_options]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise KafkaNotRunning(f"Kafka's storage in {self._data} cannot be formatted:\n{done.stdout}{done.stderr}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                tied(self.argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    async def _answering(self, process: subprocess.Popen[bytes]) -> None:
        while not await self.ready():
            if process.poll() is not None:
                raise KafkaNotRunning(f"Kafka ended with status {process.returncode}; {self._last_words()}")
            await asyncio.sleep(_POLL_SECONDS)

    def _last_words(self) -> str:
        # What Kafka says on its way out buries the reason.
        return last_lines(self.log, beside=" INFO ")


def archive_classes(libs: Path) -> None:
    """Run a broker once in a passing folder and keep the classes it loaded: every later start takes half as long.

    Raises KafkaNotRunning when a broker cannot run on this machine.
    """
    archive = _archive(libs.absolute())
    fresh = archive.with_suffix(".new")
    with tempfile.TemporaryDirectory() as folder:
        kafka = LocalKafka(Path(folder), libs, java_options=[f"-XX:ArchiveClassesAtExit={fresh}"])
        asyncio.run(_start_and_stop(kafka))
    fresh.replace(archive)


async def _start_and_stop(kafka: LocalKafka) -> None:
    async with kafka:
        pass


def _archive(libs: Path) -> Path:
    return libs.parent / "classes.jsa"


def _archive_options(libs: Path) -> Sequence[str]:
    # Java itself ignores an archive of another version or of other jars.
    return [f"-XX:SharedArchiveFile={_archive(libs)}"] if _archive(libs).exists() else []


def _require(libs: Path) -> None:
    if not list(libs.glob("kafka_*.jar")):
        raise KafkaNotRunning(f"There are no Kafka jars in {libs}; `make setup` puts them there.")
    if shutil.which("java") is None:
        raise KafkaNotRunning("There is no `java` on the PATH; Kafka needs Java 17 or newer, `make setup` installs it.")


def _new_cluster_id() -> str:
    # 22 characters of base64; a leading dash would be read as an option.
    return "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]


if __name__ == "__main__":
    archive_classes(Path(sys.argv[1]))
