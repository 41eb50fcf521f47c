-- Runs once, in an empty PostgreSQL: the two roles, and the database that belongs to the owner.
-- The owner migrates; the application's role may not change tables, nor the append-only records.
\getenv owner_password WANGGE_OWNER_PASSWORD
\getenv app_password WANGGE_APP_PASSWORD
CREATE ROLE wangge_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE wangge_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
CREATE DATABASE wangge OWNER wangge_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE wangge FROM PUBLIC;
GRANT CONNECT ON DATABASE wangge TO wangge_app;
