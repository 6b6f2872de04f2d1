"""The content of a mail: its newest part and what it forwards, without quoted replies and without a signature."""

import re
from itertools import takewhile

from mailparser_reply import EmailReplyParser

LONGEST_MAIL = 100_000
_LANGUAGES = ["en", "de", "es", "fr", "it", "nl", "pl", "sv", "da"]
_QUOTED = re.compile(r"^\s*(>|&gt;)|^(On .{5,80} wrote:|Am .{5,80} schrieb.{0,60}:|El .{5,80} escribió:)")
_SIGNATURE = re.compile(r"^-- ?$")
"""RFC 3676, 4.3: two dashes and a blank. Longer rows of dashes or underscores only part what people wrote."""
_RULE = re.compile(r"^\s*[-_=*]{3,}\s*$")
_HEADER = re.compile(r"^\s*\*?(From|Von|De|Da|Van|Od|Från|Fra)\b\*?\s?:")
_SAYS_SO = (
    "Begin forwarded message",
    r"Forwarded (?:message|by \w.{0,60})",
    "(?:Anfang der )?(?:Ursprünglich )?weitergeleiteten? (?:Nachricht|E-?Mail)",
    "(?:Inicio del )?mensaje reenviado",
    "(?:Début du )?message transféré",
    "(?:Inizio )?messaggio inoltrato",
    "(?:Begin )?doorgestuurd bericht",
    "Wiadomość przekazana dalej",
    "Vidarebefordrat meddelande",
    "Videresendt (?:besked|meddelelse|melding)",
    "Mensagem encaminhada",
)
_FORWARDED = re.compile(
    rf"^[\s*]*(?:[-_]{{2,}}\s*)?(?:{'|'.join(_SAYS_SO)})\s*:?[\s*]*(?:[-_]{{2,}}\s*)?$", re.IGNORECASE | re.MULTILINE
)
"""The line that Gmail, Apple Mail, Thunderbird and the like write above what is forwarded."""
_FORWARD = re.compile(r"^\s*(?:fwd?|wg|tr|rv|i|enc|doorst|pd|vb|vs)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
"""What a subject begins with where a mail forwards another; Outlook says so there alone. What was said last stands first."""
_NAMES = (
    "From|Von|De|Da|Van|Od|Från|Fra|Date|Datum|Fecha|Data|Dato|Sent|Gesendet|Enviado(?: el)?|Envoyé|Inviato|Verzonden|Wysłano",
    "Skickat|Sendt|Subject|Betreff|Asunto|Objet|Oggetto|Onderwerp|Temat|Ämne|Emne|Assunto|To|An|Para|À|A|Aan|Do|Till|Til",
    "Cc|Kopie|Bcc|Reply-To|Antwort an",
)
_ABOVE = re.compile(rf"^\s*(?:[-_=*]{{3,}}.*|\*?(?:{'|'.join(_NAMES)})\*?\s?:.*)?\s*$", re.IGNORECASE)
"""What stands between that line and the words: the other mail's head."""


def newest(text: str, subject: str = "") -> str:
    """What is said in a mail; of one that only forwards another, what that one says. In the languages people answer in.

    Outlook writes the same above what is forwarded as above what is answered: there the subject tells them apart.
    """
    first, *forwarded = _FORWARDED.split(text[:LONGEST_MAIL].replace("\r\n", "\n"))
    if not forwarded and _FORWARD.match(subject):
        first, *forwarded = _before_head(first)
    head = _head_of(first)
    if any(_HEADER.match(line) for line in head):  # nothing of one's own above another mail
        first = _without_head(first)
    elif any(_QUOTED.match(line) or _HEADER.match(line) for line in first.splitlines()):
        forwarded = []  # within the mail that is answered
    parts = [_own(first), *(_own(_without_head(part)) for part in forwarded)]
    return "\n".join(part for part in parts if part)


def forwards(text: str) -> bool:
    """Return True if a part of a mail begins with the line that says that it is forwarded."""
    return bool(_FORWARDED.match(text.lstrip().partition("\n")[0]))


def _before_head(text: str) -> list[str]:
    """What stands above the first head of another mail, and all from it on; the text alone where there is none."""
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines) if _HEADER.match(line)), None)
    return [text] if at is None else ["\n".join(lines[:at]), "\n".join(lines[at:])]


def _own(text: str) -> str:
    if "\n" not in text.strip():  # one line quotes nobody
        return text.strip()
    return _unquoted(EmailReplyParser(languages=_LANGUAGES).parse_reply(text) or "")


def _head_of(text: str) -> list[str]:
    """The lines that a text begins with and that are another mail's head, with the blank ones."""
    return list(takewhile(_ABOVE.match, text.splitlines()))


def _without_head(text: str) -> str:
    return "\n".join(text.splitlines()[len(_head_of(text)) :])


def _unquoted(text: str) -> str:
    kept: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if _SIGNATURE.match(line):
            break
        if _RULE.match(line) and any(_HEADER.match(next_) for next_ in lines[number + 1 : number + 3]):
            break  # Outlook's line above the mail that is answered
        if _QUOTED.match(line):
            if line.lstrip().startswith((">", "&gt;")):
                continue
            break
        kept.append(line)
    while kept and (_RULE.match(kept[-1]) or not kept[-1].strip()):
        kept.pop()
    return "\n".join(kept)
