-- What a credit costs, where to transfer it, who asked for credit, and the receipts they sent.

-- Every version is kept: a request keeps the one it was quoted with. Version 1 is what a new installation starts with.
create table topup_price_table (
    version integer primary key,
    currency varchar not null,
    decimals integer not null check (decimals between 0 and 3),
    member_id bigint,
    created_us bigint not null
);

-- price_micro: millionths of the currency's minor unit for one credit.
create table topup_tier (
    version integer not null,
    from_micro bigint not null check (from_micro > 0),
    price_micro bigint not null check (price_micro > 0),
    primary key (version, from_micro)
);

create table topup_bank (
    version integer primary key,
    bank_name varchar not null,
    account_holder varchar not null,
    account_number varchar not null,
    hint varchar not null,
    member_id bigint,
    created_us bigint not null
);

create table topup_request (
    id bigint primary key,
    account_id bigint not null,
    member_id bigint not null,
    key varchar not null,
    reference varchar not null,
    state varchar not null check (state in ('requested', 'receipt_uploaded', 'approved', 'rejected', 'withdrawn')),
    credits_micro bigint not null check (credits_micro > 0),
    total_minor bigint not null check (total_minor > 0),
    price_version integer not null,
    price_micro bigint not null,
    currency varchar not null,
    decimals integer not null,
    first_approver bigint,
    first_approved_us bigint,
    decided_by bigint,
    decided_us bigint,
    reason varchar not null,
    ledger_tx bigint,
    created_us bigint not null,
    unique (account_id, key)
);

-- The files lie in IMS_DATA/receipts under the random name `file`; `name` is what the customer's file was called.
create table topup_document (
    id bigint primary key,
    request_id bigint not null,
    account_id bigint not null,
    member_id bigint not null,
    file varchar not null,
    name varchar not null,
    media_type varchar not null,
    size_bytes bigint not null,
    sha256 varchar not null,
    created_us bigint not null
);

insert into topup_price_table (version, currency, decimals, member_id, created_us) values (1, 'USD', 2, null, 0);

insert into topup_tier (version, from_micro, price_micro) values
    (1, 100000000, 5000000), (1, 1000000000, 4500000), (1, 10000000000, 4000000), (1, 100000000000, 3500000);
