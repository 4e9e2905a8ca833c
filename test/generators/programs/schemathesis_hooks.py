"""A check in place of `positive_data_acceptance`: a request that its schema allows is refused only for a reason that the document does not state."""

import schemathesis

# What is in the log, the configuration or the calendar, what a query needs one of, and what generators do not understand: a
# field that excludes another, and a pattern of keys.
REASONS = (
    "must be a time:",
    "must be the `next` of a previous page",
    "The query must have either email or contact",
    "There is no source",
    "is not an event type of",
    "must not have overrides for a journey",
    "of overrides has an empty key",
    "This idempotency key was used for another request",
)


@schemathesis.check
def refuses_with_a_known_reason(ctx, response, case):
    is_positive = case.meta is not None and case.meta.generation.mode.is_positive
    if is_positive and response.status_code in (400, 422):
        title = response.json()["title"]
        assert any(reason in title for reason in REASONS), f"{response.status_code} {title}"
