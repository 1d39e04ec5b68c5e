-- name: task
-- What a waiting command prints.
select recipients, delivered, failed + expired + cancelled as failed, in_doubt, held_micro, charged_micro,
    returned_micro, state, recipients - delivered - failed - expired - cancelled - in_doubt as unsettled
from task where id = $1;

-- name: first_reason
-- Why a test message was not delivered.
select reason from message where task_id = $1 and reason is not null limit 1;
