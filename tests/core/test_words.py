"""Sentences for people who have only the folder."""

from dataclasses import replace

import pytest
from samples import BROKEN, FRENCH, NOW, REFUSED, SPANISH, claim, drop, dubbing, earlier

from panjaya_watchd.core import standing, words
from panjaya_watchd.core.claim import Attempt, Destination, DubbingState, HeldFor, Outcome, State
from panjaya_watchd.core.names import AssetId, ClaimId
from panjaya_watchd.core.order import Refusal

CODES = (
    "invalid_input",
    "unsupported_media",
    "empty_transcript",
    "missing_audio_track",
    "video_duration_limit_reached",
    "video_size_limit_reached",
    "time_out_of_range",
)

LINK = "https://studio.example/v1"
EDITED = dubbing(FRENCH, seen="ReadyToEdit", studio_url=LINK)


def test_each_documented_error_code_has_a_sentence_of_its_own() -> None:
    """Seven codes, seven sentences, and each says what to do."""
    outcomes = [words.asset_failed(code, "details") for code in CODES]

    assert len({outcome.why for outcome in outcomes}) == len(CODES)
    assert all(words.RETRY in outcome.todo for outcome in outcomes)


@pytest.mark.parametrize(("code", "said"), [("new_code", "new_code: details"), (None, "details")])
def test_an_unknown_code_still_gives_an_answer(code: str | None, said: str) -> None:
    """The list of codes is open-ended."""
    outcome = words.asset_failed(code, "details")

    assert outcome.why == "Panjaya could not dub this video."
    assert outcome.details == (("Panjaya says", said),)


def test_silence_of_the_api_is_said_too() -> None:
    """An asset may fail without any reason."""
    assert words.asset_failed(None, None).details == (("Panjaya says", "nothing more"),)


def test_a_why_note_begins_with_the_sentence_and_ends_with_the_details() -> None:
    """First what, then what to do, then the rest; no stack traces, no unprintable names."""
    failed = claim(State.DUBBING, outcome=words.asset_failed("missing_audio_track", "no audio"))
    note = words.why_note(replace(failed, drop=drop("ta\nlk.mp4")))

    assert note.splitlines() == [
        "This video has no sound.",
        "",
        "Export it again with its audio track. Then move the files from this folder back to where you dropped them.",
        "",
        "Details",
        "  Panjaya says: missing_audio_track: no audio",
        "  File: ta\\x0alk.mp4",
        "  Asset: a1",
        "  Claim: c0ffee",
        "  Dropped: 2026-03-01 12:00 UTC",
    ]


def test_a_note_without_a_video_names_the_first_part() -> None:
    """Also a group of sidecars can be refused."""
    refused = claim(drop=drop("talk.toml"), outcome=Outcome(to=Destination.FAILED, why="No video."))

    assert "  File: talk.toml\n" in words.why_note(refused)


def test_refusals_say_that_nothing_was_spent() -> None:
    """A dropper must not fear that a mistake has cost money."""
    refused = words.refused(Refusal(why="he-IL cannot be dubbed into.", todo="Choose another."))
    rejected = words.upload_refused(claim(), REFUSED)
    wordy = words.upload_refused(claim(), BROKEN)

    assert refused.details == (("Cost", "nothing was sent"),)
    assert rejected.details == (("Panjaya says", "locale is missing (status 400)"), ("Cost", "no asset was made"))
    assert wordy.details[0] == ("Panjaya says", "the connection was cut")


@pytest.mark.parametrize(
    ("state", "changes", "said"),
    [
        (State.CLAIMED, {}, "is about to be sent"),
        (State.UPLOADING, {}, "is being sent to Panjaya"),
        (State.UPLOADING, {"trouble": "No route."}, "could not be sent yet, and is tried again: No route."),
        (State.RELEASING, {}, "may have reached Panjaya; this is being checked"),
        (State.RELEASING, {"attempt": Attempt(number=1)}, "has been sent, waiting for an answer"),
        (State.RELEASING, {"attempt": None}, "has been sent, waiting for an answer"),
        (State.DUBBING, {}, "is being dubbed into Spanish (Spain) and French"),
        (State.DUBBING, {"dubbings": (dubbing(SPANISH, DubbingState.FETCHED),)}, "is dubbed"),
        (
            State.DUBBING,
            {"overdue": True},
            "is being dubbed into Spanish (Spain) and French, which takes unusually long",
        ),
        (
            State.DUBBING,
            {"trouble": "no folder"},
            "is being dubbed into Spanish (Spain) and French; a step has failed and is tried again: no folder",
        ),
        (
            State.DUBBING,
            {"dubbings": (EDITED,)},
            f"waits until somebody generates it in the Panjaya Studio: French {LINK}",
        ),
        (State.DUBBING, {"dubbings": (dubbing(FRENCH, DubbingState.FETCHED),)}, "is dubbed"),
        (
            State.DUBBING,
            {"dubbings": (EDITED, dubbing(SPANISH))},
            "is being dubbed into French and Spanish (Spain)",
        ),
        (State.HELD, {}, "waits for the person who looks after this service: nobody knows"),
        (State.FILING, {}, "is being put away"),
        (State.FILING, {"trouble": "no space"}, "cannot be put away just now: no space"),
    ],
)
def test_what_happens_to_a_drop_is_said_in_a_few_words(state: State, changes: dict[str, object], said: str) -> None:
    """Each state has words for ``STATUS.txt``."""
    assert standing.standing(claim(state, **changes)) == said


def test_editable_languages_point_to_the_studio() -> None:
    """With ``auto_generate = "off"`` there is a link and no file."""
    editable = claim(
        State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH, seen="ReadyToEdit"))
    )
    outcome = words.over(editable)

    assert outcome.to is Destination.DONE
    assert outcome.why.endswith("French can now be edited in the Panjaya Studio; the receipt has the link.")
    assert outcome.details == (("es-ES", "talk.es-ES.mp4"), ("fr-FR", "no result; Panjaya says ReadyToEdit"))


def test_a_dubbing_without_any_word_from_the_api_is_described() -> None:
    """No error, no status: it is said so."""
    lost = claim(
        State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FAILED), dubbing(FRENCH, DubbingState.FAILED, error="x"))
    )

    assert words.over(lost).details == (("es-ES", "no result; Panjaya says nothing"), ("fr-FR", "x"))


def test_status_counts_and_names_what_waits() -> None:
    """Nothing is silently ignored."""
    assert standing.status_note([("a.mp4", "is empty so far")], [("b", "is dubbed")]).splitlines() == [
        "1 waiting, 1 being dubbed.",
        "",
        "a.mp4 is empty so far.",
        "b is dubbed.",
        "",
        standing.SIGNATURE,
    ]
    assert "has been answered" in standing.status_note([], [])
    assert "a.mp4 waits.\n" in standing.status_note([("a.mp4", "waits.")], [])
    assert standing.waits(claim(State.HELD))
    assert standing.waits(claim(awaits=ClaimId("twin")))
    assert not standing.waits(claim(State.UPLOADING))


def test_a_long_status_is_cut_and_says_so() -> None:
    """Nobody reads 100,000 lines, and no disk wants them rewritten every few seconds."""
    note = standing.status_note([(f"{number}.mp4", "waits") for number in range(60)], [])

    assert note.startswith("60 waiting, 0 being dubbed.")
    assert note.endswith(f"49.mp4 waits.\n… and 10 more.\n\n{standing.SIGNATURE}\n")


def test_the_other_ends_have_words() -> None:
    """Vanished, changed and given up."""
    assert words.vanished(claim(), "x").to is Destination.FAILED
    assert words.changed("x").to is Destination.BACK
    assert words.given_up(claim()).details == (
        ("It was waiting because", "a person was asked"),
        ("Cost", "nothing was billed"),
    )
    assert ("Cost", "Panjaya has taken the video") in words.given_up(claim(State.DUBBING)).details
    assert "it is not known" in dict(words.given_up(claim(State.HELD)).details)["Cost"]
    assert "earlier attempt" in dict(words.upload_refused(claim(State.HELD), REFUSED).details)["Cost"]
    assert words.absent(claim()).startswith("The video was sent")
    assert words.absent(claim(builds_on=earlier(SPANISH))).startswith("The order for French was sent")
    assert words.let_go("x").to is Destination.BACK
    assert claim(duration=None).estimated_minutes is None
    assert claim().estimated_minutes == 2.0
    assert NOW.tzinfo is not None


@pytest.mark.parametrize(
    ("held_for", "says"),
    [
        (HeldFor.FIRST_START, "lay here before the service came, and waits until the person who looks after it"),
        (HeldFor.BUDGET, "waits: nobody knows (2.00 minutes of dubbing). It goes on by itself if a new day or month"),
        (HeldFor.DOUBT, "waits for the person who looks after this service: nobody knows"),
    ],
)
def test_who_waits_for_a_person_is_told_so(held_for: HeldFor, says: str) -> None:
    """In STATUS.txt, with what it would take."""
    assert standing.standing(claim(State.HELD, held_for=held_for)).startswith(says)
    unknown = standing.standing(claim(State.HELD, held_for=held_for, duration=None))
    assert "minutes" not in unknown


def test_what_lay_there_before_is_counted_and_not_named() -> None:
    """Thousands of names would hide everything else."""
    one = standing.status_note([], [], old=1, old_minutes=0.15)
    many = standing.status_note([("talk", "waits")], [], old=7000, old_minutes=1050.0)

    assert "1 video lay here before the service came (0.15 minutes of dubbing);" in one
    assert "7000 videos lay here before the service came (1050.00 minutes of dubbing);" in many
    assert many.startswith("1 waiting, 0 being dubbed.")


def test_who_waits_for_the_same_video_is_told_so() -> None:
    """It is not about to be sent."""
    waiting = claim(awaits=ClaimId("twin"), trouble="talk in marketing is under way")

    assert standing.standing(waiting) == "waits for the same video: talk in marketing is under way"
    assert standing.standing(claim(awaits=ClaimId("twin"))) == "is compared with the same video"


def test_other_settings_are_answered_with_how_to_pay_again() -> None:
    """Paying again must be meant."""
    before = claim(State.CLOSED, closed_at=NOW, filed_as="done/talk")
    outcome = words.other_settings(before, ["lips_model"])

    assert outcome.to is Destination.FAILED
    assert "on 2026-03-01, with other settings" in outcome.why
    assert "force = true" in outcome.todo
    assert ("Other settings", "lips_model") in outcome.details


def test_what_may_be_ours_is_named() -> None:
    """One or several, for the person who looks into the Studio."""
    assert "as a1, but nothing proves" in words.unproven([AssetId("a1")])
    assert "as one of: a1, a2." in words.unproven([AssetId("a1"), AssetId("a2")])


def test_further_languages_say_what_was_paid() -> None:
    """Only what was missing, with where the rest came from."""
    done = (dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH, DubbingState.FETCHED))
    outcome = words.over(claim(State.DUBBING, builds_on=earlier(SPANISH), dubbings=done))

    assert outcome.why.startswith("This very video was dubbed before, on 2026-03-01, so only French was paid for.")
    assert outcome.details[-1] == ("Dubbed before", "done/talk in marketing (claim earlier)")


def test_languages_that_were_refused_later_need_the_video_to_be_dubbed_once_more() -> None:
    """Moving the sidecars back would ask for the same again."""
    adding = claim(State.UPLOADING, builds_on=earlier(SPANISH), adds_to=ClaimId("earlier"))
    outcome = words.upload_refused(adding, REFUSED)

    assert outcome.todo.startswith("Read below why. To dub it once more, and pay once more, drop the video with these")


def test_a_folder_that_is_left_says_so() -> None:
    """Whoever drops something there must not wait for it."""
    assert standing.farewell().startswith("This folder is not watched any more.")
