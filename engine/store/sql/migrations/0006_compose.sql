-- What staff changed in the table of countries that ships with the product; a country without a row is as shipped.
create table country_rule (
    code varchar primary key,
    sender_rule varchar not null check (
        sender_rule in ('shown', 'replaced', 'needs_registration', 'not_supported', 'unknown')
    ),
    quiet_from integer not null check (quiet_from between 0 and 1439),
    quiet_to integer not null check (quiet_to between 0 and 1439),
    weekend varchar not null,
    note varchar not null,
    source varchar not null,
    checked varchar not null,
    member_id bigint not null,
    changed_us bigint not null
);

-- What a member has typed on a composing page and not submitted yet; one a page.
create table draft (
    member_id bigint not null,
    page varchar not null check (page in ('quick', 'bulk')),
    fields varchar not null,
    file_name varchar,
    saved_us bigint not null,
    primary key (member_id, page)
);

-- The file of a draft, apart from its fields: these change often, the file seldom.
create table draft_file (
    member_id bigint not null,
    page varchar not null,
    data bytea not null,
    saved_us bigint not null,
    primary key (member_id, page)
);

-- The number a member tries texts out with.
create table test_number (member_id bigint primary key, msisdn varchar not null, saved_us bigint not null);

-- The tasks of a quote that was split by local time, in order; a quote of one task names it itself.
create table quote_task (
    quote_key varchar not null,
    position integer not null,
    task_id bigint not null,
    primary key (quote_key, position)
);
