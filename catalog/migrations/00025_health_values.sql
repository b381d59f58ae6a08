-- +goose Up

-- What the rules of health gates came to, stage by stage: the last answer of each slot of time, and the extremes in it. Only of the version
-- that was last on its way. A gate of one rule has one without a name.
CREATE TABLE health_values (
    mini_program TEXT      NOT NULL,
    rule         TEXT      NOT NULL,
    slot         TIMESTAMP NOT NULL,
    version      TEXT      NOT NULL,
    stage        INTEGER   NOT NULL,
    lowest       DOUBLE PRECISION, -- NULL where no answer was a number
    highest      DOUBLE PRECISION,
    answer       TEXT      NOT NULL,
    PRIMARY KEY (mini_program, rule, slot)
);
