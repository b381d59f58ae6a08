package main

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
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

// readers read flags as people write them, with words for people where kong repeats those of Go.
func readers() []kong.Option {
	number := reader(wanted(lifecycle.WantedInteger, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }))
	return []kong.Option{
		kong.KindMapper(reflect.Int, number), kong.KindMapper(reflect.Int64, number),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), reader(wanted(lifecycle.WantedDuration, time.ParseDuration))),
		kong.TypeMapper(reflect.TypeFor[time.Time](), reader(func(text string) (time.Time, error) { return readMoment(text, time.Now()) })),
		kong.TypeMapper(reflect.TypeFor[*lifecycle.Percent](), reader(func(text string) (*lifecycle.Percent, error) {
			percent, err := readPercent(text)
			return &percent, err
		})),
	}
}

// reader has kong read a value that the command line gives as one word.
func reader[T any](read func(text string) (T, error)) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("value", &text); err != nil {
			return errors.New("the value is missing")
		}
		value, err := read(text)
		if err != nil {
			return err
		}
		target.Set(reflect.ValueOf(value).Convert(target.Type()))
		return nil
	}
}

// wanted says what a value must be, whatever was wrong with it.
func wanted[T any](wanted string, read func(text string) (T, error)) func(text string) (T, error) {
	return func(text string) (T, error) {
		value, err := read(text)
		if err != nil {
			err = fmt.Errorf("must be %s, not %q", wanted, text)
		}
		return value, err
	}
}

// readPercent reads 12.5 or 12.5%.
func readPercent(text string) (percent lifecycle.Percent, err error) {
	number := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if _, err := strconv.ParseFloat(number, 64); err != nil {
		return percent, fmt.Errorf("a percentage must be a number, such as 12.5 or 12.5%%, not %s", text)
	}
	return percent, percent.UnmarshalJSON([]byte(number))
}
