"""What was done, in a sentence: one for every action that the store notes."""

from __future__ import annotations

from flask_babel import lazy_gettext

from exitpoll_server.store import Change

SENTENCES = {
    "account.created": lazy_gettext("%(account)s has an account now"),
    "account.invited": lazy_gettext("%(email)s was sent a link (%(role)s)"),
    "account.password": lazy_gettext("%(account)s has another password"),
    "account.closed": lazy_gettext("%(account)s has no account any more"),
    "member.role": lazy_gettext("%(account)s: %(role)s"),
    "product.created": lazy_gettext("The product %(name)s was created"),
    "product.changed": lazy_gettext("Settings: %(changes)s"),
    "key.added": lazy_gettext("There is a new key: %(key)s"),
    "key.retired": lazy_gettext("Nothing is accepted any more with the key %(key)s"),
    "key.accepted": lazy_gettext("The key %(key)s is accepted again"),
    "name.declared": lazy_gettext("What %(name)s means was said"),
    "name.released": lazy_gettext("What %(name)s means is said no more"),
    "copy.erased": lazy_gettext("A copy was erased (%(copy)s)"),
    "agent.added": lazy_gettext("An agent for %(platform)s was added, version %(version)s"),
    "token.issued": lazy_gettext("A token for programs was made: %(name)s"),
    "token.revoked": lazy_gettext("A token for programs was revoked: %(name)s"),
    "webhook.added": lazy_gettext("A webhook was added: %(url)s"),
    "webhook.enabled": lazy_gettext("A webhook was switched on: %(url)s"),
    "webhook.disabled": lazy_gettext("A webhook was switched off: %(url)s"),
    "webhook.removed": lazy_gettext("A webhook was removed: %(url)s"),
    "survey.changed": lazy_gettext("The survey %(survey)s was changed: version %(version)s"),
    "logo.changed": lazy_gettext("There is another logo"),
    "logo.removed": lazy_gettext("The logo was removed"),
    "exclusion.added": lazy_gettext("Something is left out of reports (%(exclusion)s)"),
    "exclusion.lifted": lazy_gettext("Something is back in reports (%(exclusion)s)"),
    "reply.prepared": lazy_gettext("The text prepared for %(reason)s was changed"),
    "calendar.changed": lazy_gettext("Answers are given on other days (%(zone)s)"),
    "theme.kept": lazy_gettext("The theme %(theme)s is kept"),
    "theme.named": lazy_gettext("A theme is called %(theme)s now"),
    "theme.merged": lazy_gettext("A theme was merged into %(into)s"),
    "theme.decided": lazy_gettext("The theme %(theme)s: %(decision)s"),
    "theme.released": lazy_gettext("The theme %(theme)s was given up, or taken apart"),
}


def said(change: Change) -> str:
    """Say what somebody did."""
    about = dict(change.about)
    if change.action == "product.changed":
        about = {"changes": ", ".join(f"{name} = {value}" for name, value in about.items())}
    return str(SENTENCES[change.action]) % about
