"""A true story on loopback: fourteen people use Inkwell, and most of them leave.

Seven weeks pass on the story's calendar; everything else is real: the server process, every
agent process, the addresses that browsers are given, the forms that they send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from tests.e2e.world import Browser, Person, World

PRODUCT = "Inkwell"
TRIAL_DAYS = 30
BEGIN = datetime(2026, 9, 1, 9, 0, tzinfo=timezone.utc)
AS_OF = BEGIN + timedelta(days=49)
"""The day on which the vendor opens the report."""

SVG_COMMENT = "I need SVG export. With it I would have stayed."
CRASH_COMMENT = "It crashes on every start since the last Windows update."
FILLER_COMMENT = "asdf"


def on(day: int, hour: float = 9) -> datetime:
    """Return an instant of the story: day 0 is the first."""
    return BEGIN.replace(hour=0) + timedelta(days=day, hours=hour)


@dataclass
class Cast:
    """Everybody in the story, and what they were promised was saved."""

    people: dict[str, Person] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)


@dataclass(frozen=True)
class Beat:
    """One thing that happens, at its time."""

    at: datetime
    told: str
    happens: Callable[[], object]


def play(world: World, tell: Callable[[str], None]) -> Cast:
    """Play the whole story against a server that runs; return who did what."""
    address = world.exitpoll("product", "create", PRODUCT, "--trial", str(TRIAL_DAYS)).strip()
    story = Story(world, address)
    for beat in sorted(story.beats, key=lambda beat: beat.at):
        world.at(beat.at)
        tell(f"{beat.at:%d %b %H:%M}  {beat.told}")
        beat.happens()
    world.at(AS_OF)
    return story.cast


class Story:
    """Who does what, and when."""

    def __init__(self, world: World, address: str) -> None:
        self.world = world
        self.address = address
        self.cast = Cast()
        self.beats: list[Beat] = []
        self.those_who_speak()
        self.those_who_say_nothing()
        self.those_whom_the_agent_cannot_tell_of()
        self.those_who_stay()
        self.those_who_only_seem_to_leave()

    def those_who_speak(self) -> None:
        """Three who answer, one of them on the uninstaller's own page, and one by consent."""
        ada = self.person("Ada", 0)
        self.uses(ada, (0, 1, 5, 13), "installs Inkwell 1.0.0 and launches it")
        self.leaves(
            ada,
            14,
            ", clicks “It lacks something I need” and writes what",
            lambda page: page.click("missing-feature").write(SVG_COMMENT),
        )
        boris = self.person("Boris", 1, LC_ALL="ru_RU.UTF-8", EXITPOLL_EDITION="trial")
        self.uses(boris, (1, 2), "installs the trial and launches it twice a day", times=2)
        self.leaves(
            boris, 3, ": one click, too expensive", lambda page: page.click("too-expensive")
        )
        lena = self.person("Lena", 5)
        self.then(5, 9.5, "Lena never launches it; the uninstaller asks her", lambda: _asked(lena))
        mira = self.person("Mira", 6, EXITPOLL_CONSENT="exit")
        self.uses(mira, (6, 7), "installs it; she consents to be heard on leaving only")
        self.leaves(mira, 9, " and says why", lambda page: page.click("too-difficult"))

    def those_who_say_nothing(self) -> None:
        """One closes the page, one could not be asked, one merely stops."""
        chen = self.person("Chen", 0)
        self.uses(chen, (0, 3, 19), "installs it")
        self.leaves(chen, 20, ", sees the survey and closes the page", lambda _: None)
        dora = self.person("Dora", 0)
        self.uses(dora, (0,), "finds it on her computer at work and tries it")
        self.then(29, 3, "Dora's copy is removed unattended, by night", lambda: _quietly(dora))
        jana = self.person("Jana", 0)
        self.uses(jana, (0, 1, 4), "installs it, and after five days simply stops")

    def those_whom_the_agent_cannot_tell_of(self) -> None:
        """Bring in one whose firewall stops the agent, and one whose copy never had any."""
        goran = self.person("Goran", 0)
        goran.blocked = True
        self.uses(goran, (0, 2, 9), "installs it; his firewall stops the agent, not the browser")
        self.leaves(
            goran,
            17,
            "; the browser tells what the agent could not",
            lambda page: page.click("did-not-work").write(CRASH_COMMENT),
        )
        self.then(10, 12, "Hana's old 0.9.1 has no agent: its uninstaller opens a link", self.hana)

    def hana(self) -> None:
        """Answer, and open the link again from the browser's history: no second uninstall."""
        link = _link(self.address, "id=HANA-0042&v=0.9.1&lang=ja-JP")
        self.cast.browsers["Hana"] = Browser(link).open().click("no-longer-needed")
        Browser(link).open()

    def those_who_stay(self) -> None:
        """One updates, one is offline for days, one simply goes on."""
        emil = self.person("Emil", 0)
        self.uses(emil, (0, 8), "installs 1.0.0")
        self.then(
            9, 9, "Emil updates to 1.1.0: no uninstall", lambda: setattr(emil, "version", "1.1.0")
        )
        self.uses(emil, (9, 30, 47), "launches the new version")
        ivan = self.person("Ivan", 0)
        ivan.blocked = True
        self.uses(ivan, (0, 1, 2, 4, 7), "takes it to sea, where there is no network", times=2)
        self.then(12, 9, "Ivan is back in harbour", lambda: setattr(ivan, "blocked", False))
        self.uses(ivan, (12, 45), "launches Inkwell: his days at sea arrive")
        kofi = self.person("Kofi", 2)
        self.uses(kofi, (2, 10, 20, 30, 40, 48), "installs it and stays")

    def those_who_only_seem_to_leave(self) -> None:
        """One cancels the uninstaller; one's update tool uninstalls first."""
        farah = self.person("Farah", 0)
        self.uses(farah, (0, 6), "installs it")
        self.then(
            7, 18, "Farah starts the uninstaller …", lambda: _quietly(farah, "--reason", "other")
        )
        self.then(7, 18.2, "… cancels it, and launches Inkwell again", farah.launch)
        self.uses(farah, (40,), "launches Inkwell")
        noor = self.person("Noor", 3, EXITPOLL_CUSTOMER="licence-7f3a")
        self.uses(noor, (3, 11), "installs it")
        self.then(21, 10, "Noor's update tool uninstalls 1.0.0 …", lambda: _quietly(noor))
        anew = self.person("Noor anew", 21, 10.1, EXITPOLL_CUSTOMER="licence-7f3a")
        anew.version = "1.1.0"
        self.then(21, 10.2, "… and installs 1.1.0: a customer kept, not lost", anew.launch)
        self.uses(anew, (44,), "launches Inkwell")

    # -- how it is written down

    def person(self, name: str, day: int, hour: float = 9, **settings: str) -> Person:
        """Bring somebody in, who installs on this day."""
        installed_at = on(day, hour)
        one = Person(self.world, name, self.address, installed_at=installed_at, settings=settings)
        self.cast.people[name] = one
        return one

    def then(self, day: int, hour: float, told: str, happens: Callable[[], object]) -> None:
        """Have something happen."""
        self.beats.append(Beat(on(day, hour), told, happens))

    def uses(self, one: Person, days: Sequence[int], told: str, times: int = 1) -> None:
        """Have somebody launch the product on these days."""
        for n, day in enumerate(days):
            what = told if n == 0 else "launches Inkwell"
            self.then(day, 9.5, f"{one.name} {what}", lambda: one.launch(times))

    def leaves(self, one: Person, day: int, told: str, answer: Callable[[Browser], object]) -> None:
        """Have somebody uninstall, see the page in a browser, and do there what they do."""

        def happens() -> None:
            opened = one.uninstall("--open-survey", "--context", "remove")
            assert opened is not None, f"{one.name}'s browser was given no address"
            self.cast.browsers[one.name] = Browser(opened).open()
            answer(self.cast.browsers[one.name])

        self.then(day, 18, f"{one.name} uninstalls{told}", happens)


def _quietly(person: Person, *options: str) -> None:
    opened = person.uninstall(*(options or ("--unattended",)))
    assert opened is None, f"{person.name}'s browser must not have opened"


def _asked(person: Person) -> None:
    """Answer on the uninstaller's own page."""
    comment = person.world.folder / "comment.txt"
    comment.write_text(FILLER_COMMENT, "utf-8")
    _quietly(person, "--reason", "other", "--comment-file", str(comment))


def _link(address: str, query: str) -> str:
    scheme, rest = address.split("://", 1)
    key, host = rest.split("@", 1)
    return f"{scheme}://{host}/u/{key}?{query}"
