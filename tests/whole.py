"""
Whole files only: the daemon among `writers`, and what it is held against.

Whatever is billed was, at the last look before the gate, all that somebody meant to be in a file of the share; it is
billed once; and in the end every whole file is dubbed, every broken one answered, and no byte lost. What is wrong is
gathered as sentences, so that a run without one of the safeguards can be counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from played import SimApi
from shared_disk import OTHERS, SHARE, SharedDisk
from world import FOLDER, ROOT, TRACE, World
from writers import Copy, Outside, digest

from panjaya_watchd.api.base import Submission
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.claim import OnDoubt, Rules, State
from panjaya_watchd.core.content import Ending, Reads, Wholeness
from panjaya_watchd.core.drop import Drop, Part
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.core.profiles import TRAITS, Ground, Profile
from panjaya_watchd.core.settle import Rule
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.places import taking
from panjaya_watchd.places.base import Scan
from panjaya_watchd.places.folder import _open
from panjaya_watchd.places.junk import is_member
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.naming import base, lying, within
from panjaya_watchd.places.open_part import OpenPart
from panjaya_watchd.places.trouble import border
from panjaya_watchd.run.intake import Intake

CODEC: Final = Codec()
KINDS: Final = {
    Profile.LOCAL: "ext4",
    Profile.SMB_SERVER: "xfs",
    Profile.CIFS: "cifs",
    Profile.NFS: "nfs4",
    Profile.FUSE: "fuse.sshfs",
}
ENOUGH: Final = 50_000
"""Messages; a run that takes more has lost its way."""


class WatchedApi(SimApi):
    """The API, with a look at what it is given."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        assert isinstance(world, Site)
        self._site = world
        self._begun: str | None = None
        self._at_gate: dict[str, frozenset[str]] = {}

    def submit(self, submission: Submission) -> Asset | Fault:
        """Note whether the body was withdrawn."""
        self._begun = submission.video.file_name
        try:
            return super().submit(submission)
        except Exception:
            self._site.counts["withdrawn"] += 1
            raise
        finally:
            self._begun = None

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """Note, for the first list after a body, what was whole at the gate: nothing has happened since the check."""
        if self._begun is not None:
            self._at_gate[self._begun], self._begun = self._site.whole(), None
        return super().list_assets()

    def _create(self, submission: Submission, body: bytes) -> Any:
        self._site.counts["uploads"] += 1
        self._site.billed[digest(body)] += 1
        if digest(body) not in self._at_gate[submission.video.file_name]:
            self._site.blame("billed what was not whole", submission.video.file_name)
        return super()._create(submission, body)


@dataclass(slots=True)
class Site(World):
    """A machine, a share on a storage of some profile, and everybody outside."""

    profile: Profile = Profile.LOCAL
    outside: Outside = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)
    billed: Counter[str] = field(default_factory=Counter)
    damage: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        World.__post_init__(self)
        disk = self.disk
        assert isinstance(disk, SharedDisk)
        traits = TRAITS[self.profile]
        self.outside = Outside(self.seed, disk, traits.quiet, self.rule.grace, traits.lease)
        self.meddle = self._let_others_act
        disk.time = lambda: self.clock.seconds + self.clock.suspended
        disk.glance, disk.step = self.outside.glance, self.outside.step

    def whole(self) -> frozenset[str]:
        """Give the digests of all that is whole in the share and may be taken, as far as can be known there."""
        seen = TRAITS[self.profile].lease
        return frozenset(
            copy.digest for copy in self.outside.copies if copy.whole and not copy.gone and not (copy.held and seen)
        )

    def live(self) -> "Site":
        """Run until everybody outside has done what they had in mind and nothing more will happen by itself."""
        self._through_cuts(self._boot)
        while self.outside.next_at() is not None or not self.quiet():
            self._through_cuts(self.turn)
            assert self.messages < ENOUGH, self.describe()
        self._look_through()
        return self

    def quiet(self) -> bool:
        """Say whether nothing more will happen by itself, and only such is left in the folder as waits for people."""
        inbox = self.driver.inbox
        due = inbox.next_due()
        if self.work.work or not inbox._arrived.empty() or (due is not None and due <= self.clock.seconds):
            return False
        if any(claim.state is not State.HELD for claim in self.driver.living.values()):
            return False
        assert isinstance(self.disk, SharedDisk)
        return not any(self._moves(name) for name in self.disk.lying())

    def _moves(self, name: str) -> bool:
        """Say whether a file in the folder is still to be taken: no empty one, and no sidecar without a video."""
        return is_member(name) and name.endswith((".mp4", ".mkv")) and bool(self._content(name))

    def _content(self, name: str) -> bytes:
        assert isinstance(self.disk, SharedDisk)
        return self.disk.holds(self.disk._names[f"{self.disk.home}/{name}"])

    def _let_others_act(self, _world: World, point: str) -> None:
        disk = self.disk
        assert isinstance(disk, SharedDisk)
        if not self.outside.begun:
            known = self.ledger.baseline(FOLDER)
            self.outside.begun = known is not None and known.root_id is not None
            return
        disk.refuse(point)
        self.outside.at(self.clock.seconds + self.clock.suspended, point)
        if self.outside.asleep:
            self.clock.suspended += self.outside.asleep
            self.clock.shift += self.outside.asleep
            self.outside.asleep = 0.0

    def _pass_time(self) -> None:
        due, others = self.driver.inbox.next_due(), self.outside.next_at()
        times = [] if due is None else [due]
        if others is not None and self.outside.begun:
            times.append(others - self.clock.suspended)
        if times:
            self.clock.seconds = max(self.clock.seconds, min(times))

    def figures(self) -> Counter[str]:
        """Count what happened."""
        ends = Counter(
            claim.outcome.to.value for claim in self.ledger.closed() if claim.outcome and claim.outcome.to is not None
        )
        return self.counts + self.outside.counts + ends + Counter(messages=self.messages)

    # What is wrong in the end

    def blame(self, what: str, whom: str) -> None:
        """Note that something is wrong."""
        self.damage.append(f"{what}: {whom}")

    def _look_through(self) -> None:
        disk = self.disk
        assert isinstance(disk, SharedDisk)
        for what, times in self.billed.items():
            if times > 1:
                self.blame(f"billed {times} times", what[:8])
        held = {f"processing/{claim.id}" for claim in self.driver.living.values()}
        for copy in self.outside.copies:
            if not copy.gone:
                wrong = self._judge(copy, disk, held)
                if wrong is not None:
                    self.blame(wrong, copy.name)
        left = Counter(disk.tree(SHARE).values())
        for content in self.outside.sidecars:
            if content not in left:
                self.blame("a sidecar is lost", repr(content))
        for tree in OTHERS[:2]:
            known = {f"stranger-{tree}.mp4", *([TRACE[len(ROOT) + 1 :]] if tree == "foreign" else [])}
            if set(disk.tree(tree)) != known:
                self.blame(f"a {tree} root was touched", str(sorted(disk.tree(tree))))

    def _judge(self, copy: Copy, disk: SharedDisk, held: set[str]) -> str | None:
        """Say what is wrong with how a copy has ended; count how it has."""
        path = disk.where(copy.ino)
        if path is None or not path.startswith(ROOT + "/") or disk.holds(copy.ino) != copy.content:
            return "lost"
        folder, _, name = path[len(ROOT) + 1 :].rpartition("/")
        top = folder.partition("/")[0]
        before = any(self.billed[version] for version in copy.versions)
        self.counts["whole" if copy.whole else "broken"] += 1
        if folder in held:
            self.counts["held"] += 1
            return None
        if top == "failed":
            explained = f"{folder}/WHY.txt" in disk.tree(SHARE)
            if not explained:
                return "failed without a word"
            return "whole, and failed" if copy.whole and not copy.slow else None
        if top == "done":
            if copy.whole and self.billed[copy.digest]:
                return None
            self.counts["changed when it was sent"] += 1
            return None if before else "done without a bill"
        if folder == "" and not is_member(name):
            return "whole, and left" if copy.whole else None
        if folder == "" and not copy.content:
            return None
        return f"forgotten in {folder or 'the folder'}"


class _Unseen(SharedDisk):
    """No lease is ever refused."""

    def is_open(self, ino: int) -> bool:
        """Say that nobody writes."""
        return False


class _Believed(OpenPart):
    """It never changes."""

    def changed(self) -> str | None:
        """Say that nothing has."""
        return None


class _Unchecked(MemoryPlace):
    """It does not look again at what was taken in."""

    def take_in(self, claim_id: ClaimId, drop: Drop) -> Drop:
        """Take in, and be content."""
        with border(self._tree.root, "taking a drop in"):
            return taking.take_in(self._tree, claim_id, drop)

    def open_part(self, claim_id: ClaimId, part: Part) -> OpenPart:
        """Open whatever is there."""
        with border(self._tree.root, "opening a part"):
            taking.expect(self._tree, lying(claim_id))
            name = within(lying(claim_id), base(part.name))
            return _Believed(self._tree, name, _open(self._tree, name, part))


class _Lasting(Intake):
    """A change does not begin the quiet period afresh."""

    def take(self, scan: Scan) -> Mapping[str, Drop]:
        """Take in, and count on what was counted before."""
        drops = super().take(scan)
        for key, settling in self._settling.items():
            self._settling[key] = replace(settling, drop=drops.get(key, settling.drop))
        return drops


def _contented(_file: Reads) -> Ending:
    return Ending(verdict=Wholeness.WHOLE)


WITHOUT: Final[Mapping[str, dict[str, Any]]] = {
    "the content check": {"ending": _contented},
    "the lease veto": {"disk_type": _Unseen},
    "any check after the claim": {"place_type": _Unchecked},
    "a fresh quiet period": {"intake_type": _Lasting},
}
"""What a run is like without one of the safeguards."""


def play(seed: int, **changes: Any) -> Site:
    """Play one run; all that is drawn for it follows from its seed."""
    rng = Random(seed)
    profile = tuple(KINDS)[seed % len(KINDS)]
    quiet = TRAITS[profile].quiet
    ground = Ground(folder="", kind=KINDS[profile], profile=profile)
    settings: dict[str, Any] = {
        "rule": Rule(grace=10 * quiet),
        "pace": rng.choice((None, quiet, quiet, quiet)),
        "grounds": (ground,),
        "orderly": rng.random() < 0.5,
        "hold": True,
        "rules": Rules(on_doubt=OnDoubt.RETRY),
        "drops": {},
        "languages": ("es-ES",),
        "api_type": WatchedApi,
        "disk_type": SharedDisk,
        "codec": CODEC,
    }
    return Site(seed=seed, profile=profile, **{**settings, **changes}).live()
