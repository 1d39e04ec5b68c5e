-- Lists of people an account sends to. `contacts` counts its contacts; `columns` is a JSON array of names.
create table contact_list (
    id bigint primary key,
    account_id bigint not null,
    name varchar not null,
    columns varchar not null,
    contacts integer not null check (contacts >= 0),
    member_id bigint not null,
    created_us bigint not null,
    changed_us bigint not null
);

-- A number stands once in a list: imports leave out what is known, under the write lock. `fields` is a JSON array of
-- texts in the order of the list's columns; what is missing at its end is empty. Ids ascend in the order of the list.
create table contact (
    id bigint not null,
    list_id bigint not null,
    account_id bigint not null,
    msisdn bigint not null,
    country varchar not null,
    kind varchar not null,
    fields varchar not null,
    created_us bigint not null
);

-- People who do not want messages of an account. Looked at by every quote, acceptance and dispatch.
create table opt_out (
    account_id bigint not null,
    msisdn bigint not null,
    source varchar not null check (source in ('manual', 'file', 'message', 'stop', 'staff')),
    note varchar not null,
    member_id bigint,
    created_us bigint not null,
    primary key (account_id, msisdn)
);

-- Texts an account keeps. `problem` says why a draft cannot be sent as it is; empty when it can.
create table message_template (
    id bigint primary key,
    account_id bigint not null,
    name varchar not null,
    content varchar not null,
    sender varchar,
    route_id bigint,
    sms integer not null,
    problem varchar not null,
    member_id bigint not null,
    created_us bigint not null,
    changed_us bigint not null
);
