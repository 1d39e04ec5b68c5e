-- name: edited
-- What staff changed, with who did.
select c.code, c.sender_rule, c.quiet_from, c.quiet_to, c.weekend, c.note, c.source, c.checked, c.changed_us,
    m.full_name as edited_by
from country_rule c left join member m on m.id = c.member_id;

-- name: put
-- Staff's word on a country replaces the shipped one.
insert into country_rule (code, sender_rule, quiet_from, quiet_to, weekend, note, source, checked, member_id, changed_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (code) do update set sender_rule = excluded.sender_rule, quiet_from = excluded.quiet_from,
    quiet_to = excluded.quiet_to, weekend = excluded.weekend, note = excluded.note, source = excluded.source,
    checked = excluded.checked, member_id = excluded.member_id, changed_us = excluded.changed_us;

-- name: drop
-- A country is as shipped again.
delete from country_rule where code = $1;
