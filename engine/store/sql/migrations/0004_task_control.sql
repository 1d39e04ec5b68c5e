-- When a task was paused; null while it may be sent.
alter table task add column paused_us bigint;

-- A task that sends again to some recipients of an earlier one.
create table task_origin (
    task_id bigint primary key,
    origin_id bigint not null,
    which varchar not null check (which in ('failed', 'in_doubt', 'both')),
    created_us bigint not null
);

-- Which columns of a record a member wants to see: their labels, a line each.
create table column_choice (
    member_id bigint not null,
    page varchar not null,
    columns varchar not null,
    primary key (member_id, page)
);
