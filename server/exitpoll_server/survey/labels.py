"""What a person reads in place of the names of tables and columns."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

TITLES = {
    "installations": _("This copy"),
    "history": _("What changed"),
    "counters": _("Who counts launches"),
    "launches": _("Launches"),
    "milestones": _("What was done with it"),
    "uninstalls": _("The uninstall"),
    "receipts": _("How we heard of it"),
    "showings": _("What was asked"),
    "answers": _("What was answered"),
    "feedback": _("Feedback"),
    "letters": _("Your wish for an answer"),
    "replies": _("Replies to you"),
    "tombstones": _("The list of the deleted"),
    "exclusions": _("Left out of reports"),
}
"""By table."""

_LABELS = {
    "agent": _("Version of the counting program"),
    "arch": _("Processor"),
    "asked": _("Asked by"),
    "attributes": _("Told by the vendor"),
    "censored_at": _("Consent withdrawn"),
    "channel": _("Channel"),
    "clock_offset": _("Clock off by"),
    "closed_at": _("Closed without a reply"),
    "comment": _("Comment"),
    "consent": _("Consent"),
    "context": _("Circumstances"),
    "counted_since": _("Counted since"),
    "customer": _("The vendor's customer number"),
    "created_at": _("Since"),
    "dated": _("The day can be true"),
    "day": _("Day"),
    "edition": _("Edition"),
    "email": _("E-mail address"),
    "erased_at": _("Deleted"),
    "first_launch_day": _("First launch"),
    "first_received_at": _("First heard of"),
    "first_row_instant": _("First day of use, with the clock set right"),
    "follow_up": _("Answer to the second question"),
    "held_out": _("Shown no offer, by chance"),
    "installed_at": _("Installed"),
    "installed_instant": _("Installed, with the clock set right"),
    "installed_version": _("First version"),
    "instant": _("Left, with the clock set right"),
    "is_sent": _("Sent by this server"),
    "last_launch_day": _("Last launch"),
    "last_received_at": _("Last heard of"),
    "launches": _("Launches"),
    "launches_step": _("Launches, at least"),
    "launches_total": _("Launches in all"),
    "lifted_at": _("Until"),
    "locale": _("Language"),
    "name": _("Name"),
    "not_asked": _("Not asked because"),
    "note": _("The vendor's note"),
    "occurred_at": _("Left"),
    "offer": _("Offer that was seen"),
    "offer_taken_at": _("Offer followed"),
    "offered_at": _("Offer seen"),
    "only_updating_at": _("Only an update, you said"),
    "opened_at": _("Page open"),
    "origin": _("Came as"),
    "os": _("System"),
    "ping_sent_at": _("Last message about launches, by its clock"),
    "ping_seq": _("Last message about launches, number"),
    "put_off_until": _("Put off until"),
    "product_key": _("Product key that it came with"),
    "reason": _("Reason"),
    "reasons": _("Answers in this order"),
    "received_at": _("Received"),
    "replied_at": _("Replied"),
    "scope": _("Installed for"),
    "score": _("Score"),
    "seq": _("Number of the message"),
    "shown_at": _("Shown"),
    "source": _("Obtained from"),
    "subject": _("Subject"),
    "survey": _("Survey"),
    "survey_version": _("Version of the survey"),
    "tenure_step": _("Installed for at least"),
    "text": _("Reply"),
    "uuid": _("Random number"),
    "version": _("Version"),
    "withdrawn_at": _("Taken back"),
}
"""By column, whichever table it is of."""

_WAY = _("By way of")
_OF_ONE_TABLE = {
    ("receipts", "channel"): _WAY,
    ("answers", "channel"): _WAY,
    ("milestones", "day"): _("First day"),
}


def label(table: str, column: str) -> str:
    """Return what a column is called where people read it."""
    return str(_OF_ONE_TABLE.get((table, column)) or _LABELS[column])
