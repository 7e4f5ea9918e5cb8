"""Which tests a Windows agent under Wine cannot run, and why."""

from __future__ import annotations

import pytest

NO_CALENDAR = "Wine's clock is not the story's"
PAGES = "Windows does not wait until the browser has the page: test_windows.py does"
ON_THE_SAME_STATE = "the library of this system would go on where the Windows program stopped"
OWN_MACHINE = "it asks after a file or a library of this system"

MODULES = {
    "test_browser": PAGES,
    "test_moving": "Windows trusts whom its own store holds, whatever SSL_CERT_FILE says",
    "test_murder": "it is the library that dies there, in all its lines",
    "test_persons": "root and sudo are not Windows'",
}
FIXTURES = {"played": NO_CALENDAR, "browser": PAGES}
TESTS = {
    "test_the_browser_is_the_second_channel": PAGES,
    "test_a_browser_in_the_foreground_does_not_hold_the_uninstaller": PAGES,
    "test_a_browser_that_fails_is_said": "Windows does not say what became of a page",
    "test_a_changed_file_ends_it": "a frozen program's settings stand beside it, for all tests",
    "test_a_launch_with_nothing_due_is_light": ON_THE_SAME_STATE,
    "test_an_interrupted_command_says_so": "Ctrl-C is no signal on Windows",
    "test_it_imports_next_to_nothing": ON_THE_SAME_STATE,
    "test_it_is_found_in_the_persons_own_folder_too": OWN_MACHINE,
    "test_a_layer_that_goes_with_its_container_is_not_counted": OWN_MACHINE,
    "test_no_more_than_a_message_holds_are_noted": ON_THE_SAME_STATE,
    "test_the_payload_is_what_is_sent": ON_THE_SAME_STATE,
    "test_the_browser_gets_the_machines_own_libraries": OWN_MACHINE,
}


def skip_what_cannot_run(item: pytest.Item) -> None:
    """Skip a test with its reason, where it has one."""
    own_name = getattr(item, "originalname", item.name)
    names = [item.path.stem, *getattr(item, "fixturenames", ()), own_name]
    known = MODULES | FIXTURES | TESTS
    for reason in [known[name] for name in names if name in known]:
        item.add_marker(pytest.mark.skip(reason=reason))
