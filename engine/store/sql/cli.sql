-- name: task
-- What a waiting command prints.
select recipients, delivered, failed + expired + cancelled as failed, in_doubt, held_micro, charged_micro,
    returned_micro, state, recipients - delivered - failed - expired - cancelled - in_doubt as unsettled
from task where id = $1;
