-- name: all
-- Every route, the default first.
select * from route order by is_default desc, id;

-- name: by_id
-- One route.
select * from route where id = $1;

-- name: by_name
-- One route by its name in lower case.
select * from route where lower(name) = $1;

-- name: default_one
-- The route that is used when none is named.
select * from route where is_default;

-- name: clear_default
-- Before another route becomes the default.
update route set is_default = false where is_default;

-- name: insert
-- A new route, open, with its first price version.
insert into route (id, name, gateway, supports_sender, sender_max, charge_on, count_rule, rules, countries, throughput,
    batch, enabled, is_default, price_version, created_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, true, $12, 1, $13);

-- name: insert_prices
-- The prices of one version.
insert into route_price (route_id, version, country, price_micro, created_us, member_id)
select $1::bigint, $2::integer, country, price_micro, $3::bigint, $4::bigint from batch;

-- name: prices
-- The prices of one version.
select country, price_micro from route_price where route_id = $1 and version = $2;

-- name: set_price_version
-- Makes a price version current.
update route set price_version = $2 where id = $1;

-- name: set_enabled
-- Opens or closes a route for new tasks.
update route set enabled = $2 where id = $1;

-- name: mark_down
-- Since when and why a route cannot send.
update route set down_since_us = coalesce(down_since_us, $3), last_error = $2 where id = $1;

-- name: mark_up
-- The route sends again.
update route set down_since_us = null where id = $1 and down_since_us is not null;
