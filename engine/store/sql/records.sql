-- name: tasks
-- A page of tasks in the order of a key, the largest first: as `history.tasks`, then country, order, last key seen.
with keyed as (
    select t.*, case $13
            when 'oldest' then -t.id when 'recipients' then t.recipients when 'held' then t.held_micro
            when 'charged' then t.charged_micro when 'failed' then t.failed + t.expired else t.id
        end as sort_key
    from task as t
    {history.task_filter}
      {history.task_people}
      and (cast($12 as varchar) is null or t.id in (select c.task_id from task_country as c where c.country = $12))
), page as (
    select * from keyed where sort_key < $14 or (sort_key = $14 and id < $8)
    order by sort_key desc, id desc limit $9
)
{history.task_row}
order by p.sort_key desc, p.id desc;

-- name: dispatches
-- As `history.dispatches`, in the order of a key, of tasks by name, sender and member, then order, last key seen.
with keyed as (
    select d.*, case $12
            when 'oldest' then -d.id when 'recipients' then d.messages when 'held' then d.held_micro
            when 'charged' then d.charged_micro when 'failed' then d.failed else d.id
        end as sort_key
    from dispatch as d
    {history.dispatch_filter}
      and d.task_id in (
          select t.id from task as t
          where (cast($1 as bigint) is null or t.account_id = $1)
            and ($9 = '' or strpos(lower(t.name), lower($9)) > 0)
            and (cast($10 as varchar) is null or t.sender = $10)
            and (cast($11 as bigint) is null or t.member_id = $11))
), page as (
    select * from keyed where sort_key < $13 or (sort_key = $13 and id < $7)
    order by sort_key desc, id desc limit $8
)
{history.dispatch_row}
order by p.sort_key desc, p.id desc;

-- name: columns
-- The columns a member chose for a page.
select columns from column_choice where member_id = $1 and page = $2;

-- name: choose_columns
-- Another choice of columns.
insert into column_choice (member_id, page, columns) values ($1, $2, $3)
on conflict (member_id, page) do update set columns = excluded.columns;

-- name: all_columns
-- No choice: every column.
delete from column_choice where member_id = $1 and page = $2;

-- name: oldest_window
-- As `history.window`, of the oldest messages above the last id seen ($9).
{history.matching}
    {history.window_filter}
      and t.first_message + t.recipients > $9 + 1
      {history.task_people}
), oldest as (
    select * from candidate where matching > 0 order by id limit $13
), counted as (
    select *, sum(case when first_message <= $9 then 0 else matching end) over (order by id) as upto from oldest
)
select greatest(min(first_message), $9 + 1) as low, max(beyond) as high from counted
where first_message <= $9 or upto - matching < $14;

-- name: oldest_span
-- As `oldest_window`, of all tasks that may have a match ($1 to $11).
select greatest(min(t.first_message), $9 + 1) as low, max(t.first_message + t.recipients) as high
from task as t
{history.window_filter}
  and t.first_message + t.recipients > $9 + 1
  {history.task_people};

-- name: oldest_messages
-- As `history.messages_of_tasks`, oldest first.
{history.chosen_tasks}
    {history.ids_of_chosen}
      {history.message_filter}
    order by m.id limit $17
)
{history.message_row}
order by m.id;

-- name: sample
-- Some messages of one task (ids $1 up to $2), spread over it.
select msisdn, country, content, submitted_us from message
where id >= $1 and id < $2
  and (id - $1) % greatest(cast(ceil(($2 - $1) / cast($3 as double precision)) as bigint), 1) = 0
order by id;
