-- name: put
-- What a member has typed so far; a file is kept until another one or none takes its place.
insert into draft (member_id, page, fields, file_name, saved_us) values ($1, $2, $3, $4, $5)
on conflict (member_id, page) do update set fields = excluded.fields, file_name = excluded.file_name,
    saved_us = excluded.saved_us;

-- name: put_file
-- The file of a draft.
insert into draft_file (member_id, page, data, saved_us) values ($1, $2, $3, $4)
on conflict (member_id, page) do update set data = excluded.data, saved_us = excluded.saved_us;

-- name: one
-- A draft that is not too old ($3).
select page, fields, file_name, saved_us from draft where member_id = $1 and page = $2 and saved_us >= $3;

-- name: file
-- The bytes of a draft's file.
select data from draft_file where member_id = $1 and page = $2;

-- name: drop
-- A draft that was submitted or thrown away.
delete from draft where member_id = $1 and page = $2;

-- name: drop_file
-- Its file.
delete from draft_file where member_id = $1 and page = $2;

-- name: drop_old
-- Drafts nobody came back to.
delete from draft where saved_us < $1;

-- name: drop_lost_files
-- Files without a draft, from before $1.
delete from draft_file where saved_us < $1 and not exists (
    select 1 from draft d where d.member_id = draft_file.member_id and d.page = draft_file.page
);

-- name: test_number
-- Where a member tries texts out.
select msisdn from test_number where member_id = $1;

-- name: put_test_number
-- The number that was used last.
insert into test_number (member_id, msisdn, saved_us) values ($1, $2, $3)
on conflict (member_id) do update set msisdn = excluded.msisdn, saved_us = excluded.saved_us;
