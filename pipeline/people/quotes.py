"""Delete the judge's quotes wherever they are stored."""

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from models import JudgeAnswer, Match, StreamItem, StreamJudged
from models.judge import JUDGE
from models.session import in_batches
from pipeline.queue.marks import mark_unmatched


def drop_quotes(session: Session, which: ColumnElement[bool]) -> None:
    """Delete the quotes of these answers, and the evidence entries that contain them; evidence is then rebuilt without them."""
    query = select(JudgeAnswer.content, JudgeAnswer.quotes).where(which)
    quoting = [content for content, quotes in session.execute(query) if quotes]
    for some in in_batches(quoting):
        session.execute(update(JudgeAnswer).where(JudgeAnswer.content.in_(some)).values(quotes=[]))
        read = select(StreamItem.work_item_id).join(StreamJudged, StreamJudged.stream_id == StreamItem.stream_id)
        items = list(session.scalars(read.where(StreamJudged.content.in_(some))))
        mark_unmatched(session, items)
        for few in in_batches(items):
            for match in session.scalars(select(Match).where(Match.work_item_id.in_(few))):
                match.evidence = [one for one in match.evidence if not str(one).startswith(JUDGE)]
