package main

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"slipway/lifecycle"
)

// usageError is a command line that is well-formed and cannot be meant.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// planFlag is a plan as people write it: its name, JSON, or @ and the name of a file with JSON.
type planFlag lifecycle.Plan

// UnmarshalText reads it.
func (p *planFlag) UnmarshalText(text []byte) error {
	plan, err := readPlan(string(text))
	*p = planFlag(plan)
	return err
}

// readers read flags, with words for people where kong repeats those of Go.
func readers() []kong.Option {
	number := readAs(lifecycle.WantedInteger, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })
	moment := readAs(lifecycle.WantedTime, func(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) })
	return []kong.Option{
		kong.KindMapper(reflect.Int, number), kong.KindMapper(reflect.Int64, number),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), readAs(lifecycle.WantedDuration, time.ParseDuration)),
		kong.TypeMapper(reflect.TypeFor[time.Time](), moment),
	}
}

func readAs[T any](wanted string, read func(text string) (T, error)) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("value", &text); err != nil {
			return errors.New("the value is missing; it must be " + wanted)
		}
		value, err := read(text)
		if err != nil {
			return fmt.Errorf("must be %s, not %q", wanted, text)
		}
		target.Set(reflect.ValueOf(value).Convert(target.Type()))
		return nil
	}
}
