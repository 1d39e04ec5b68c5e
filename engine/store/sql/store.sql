-- name: make_version
-- One row a migration that ran.
create table if not exists schema_version (version integer primary key);

-- name: version
-- The newest migration that ran; 0 in a new file.
select coalesce(max(version), 0) as version from schema_version;

-- name: set_version
-- Marks a migration as run.
insert into schema_version (version) values ($1);

-- name: reserve
-- Takes $2 consecutive ids; the row lock (here: the write lock) makes them gapless.
update sequence set next_id = next_id + $2 where name = $1 returning next_id;

-- name: start_sequence
-- The first use of a sequence.
insert into sequence (name, next_id) values ($1, $2);

-- name: setting
-- One setting.
select value from setting where name = $1;

-- name: put_setting
-- Writes a setting.
insert into setting (name, value, changed_us) values ($1, $2, $3)
on conflict (name) do update set value = excluded.value, changed_us = excluded.changed_us;

-- name: drop_setting
-- Removes a setting.
delete from setting where name = $1;
