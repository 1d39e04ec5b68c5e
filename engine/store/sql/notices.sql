-- name: add
-- One notice to the people of an account (or, without one, to the operator's desk).
insert into notice (id, account_id, kind, sentence, link, created_us) values ($1, $2, $3, $4, $5, $6);

-- name: of_account
-- The newest notices of an account older than $2, with whether member $3 has read them.
select n.id, n.kind, n.sentence, n.link, n.created_us, n.id <= coalesce(s.through_id, 0) as seen
from notice n left join notice_seen s on s.member_id = $3
where n.account_id = $1 and n.id < $2
order by n.id desc limit $4;

-- name: of_operators
-- The newest notices of the operator's desk older than $1, with whether member $2 has read them.
select n.id, n.kind, n.sentence, n.link, n.created_us, n.id <= coalesce(s.through_id, 0) as seen
from notice n left join notice_seen s on s.member_id = $2
where n.account_id is null and n.id < $1
order by n.id desc limit $3;

-- name: unread_of_account
-- How many notices of account $1 member $2 has not read.
select count(*) as unread from notice n
where n.account_id = $1 and n.id > coalesce((select through_id from notice_seen where member_id = $2), 0);

-- name: unread_of_operators
-- How many notices of the desk member $1 has not read.
select count(*) as unread from notice n
where n.account_id is null and n.id > coalesce((select through_id from notice_seen where member_id = $1), 0);

-- name: mark_seen
-- Member $1 has read everything up to $2.
insert into notice_seen (member_id, through_id) values ($1, $2)
on conflict (member_id) do update set through_id = greatest(notice_seen.through_id, excluded.through_id);

-- name: drop_old
-- Notices from before $1.
delete from notice where created_us < $1;
