-- name: current
-- The terms in force.
select version, body, created_us from terms order by id desc limit 1;

-- name: versions
-- Every version, the newest first, with who published it and how many tasks accepted it.
select t.id, t.version, t.body, t.created_us, m.full_name as member_name, coalesce(k.tasks, 0) as tasks
from terms t left join member m on m.id = t.member_id
left join (select terms_version, count(*) as tasks from task group by terms_version) k on k.terms_version = t.version
order by t.id desc;

-- name: by_version
-- One version.
select version, body, created_us from terms where version = $1;

-- name: insert
-- Another version comes into force.
insert into terms (id, version, body, member_id, created_us) values ($1, $2, $3, $4, $5);
