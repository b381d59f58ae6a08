package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"slipway/lifecycle"
)

// Variable is one that a program reads from its environment.
type Variable struct{ Name, Default string }

// Variables lists those that a configuration is read from, in the order of its fields.
func Variables(of any) []Variable {
	fields, err := env.GetFieldParams(of)
	if err != nil {
		panic(err) // only for what is no pointer to a struct
	}
	var variables []Variable
	for _, field := range fields {
		if field.Key != "" {
			variables = append(variables, Variable{field.Key, field.DefaultValue})
		}
	}
	return variables
}

// fileSuffix makes of a variable's name that of the variable which names a file with its value: where secrets are mounted.
const fileSuffix = "_FILE"

// Parse fills a configuration from the environment, or from the files that it names. The error names every variable that is wrong, not only
// the first.
func Parse(into any) error {
	environment, files, wrongFiles := withFiles(env.ToMap(os.Environ()), Variables(into))
	err := env.ParseWithOptions(into, env.Options{Environment: environment})
	if all, ok := errors.AsType[env.AggregateError](err); ok {
		err = errors.Join(namingVariables(reflect.TypeOf(into).Elem(), environment, files, all.Errors)...)
	}
	return errors.Join(wrongFiles, err)
}

// withFiles puts in what files have, and names the files by variable. A line end behind it does not count: editors and echo write one.
func withFiles(environment map[string]string, variables []Variable) (with, files map[string]string, err error) {
	var wrong []error
	files = map[string]string{}
	for _, variable := range variables {
		path := environment[variable.Name+fileSuffix]
		if path == "" {
			continue
		}
		if environment[variable.Name] != "" {
			wrong = append(wrong, fmt.Errorf("%s and %s are both set; set only one of them", variable.Name, variable.Name+fileSuffix))
			continue
		}
		content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", variable.Name+fileSuffix, err))
			continue
		}
		environment[variable.Name], files[variable.Name] = strings.TrimRight(string(content), "\r\n"), path
	}
	return environment, files, errors.Join(wrong...)
}

// ReadFile lets read have what is in the file that a variable names, and names both in its error; without a file it does nothing.
func ReadFile(variable, file string, read func([]byte) error) error {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	if err := read(data); err != nil {
		return fmt.Errorf("%s %s: %w", variable, file, err)
	}
	return nil
}

// namingVariables words errors with the name of the variable instead of the field, which only we know.
func namingVariables(config reflect.Type, environment, files map[string]string, errs []error) []error {
	var named []error
	for _, err := range errs {
		if wrong, ok := errors.AsType[env.ParseError](err); ok {
			if variable, t := variableOf(config, wrong.Name); variable != "" {
				err = inPlainWords(variable, environment[variable], t, wrong.Err)
				if path := files[variable]; path != "" {
					err = fmt.Errorf("%s=%s: %w", variable+fileSuffix, path, err)
				}
			}
		}
		named = append(named, err)
	}
	return named
}

// variableOf finds the variable of a field, and its type, in structs within structs too; "" when there is none.
func variableOf(config reflect.Type, name string) (string, reflect.Type) {
	for i := range config.NumField() {
		field := config.Field(i)
		variable, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		if field.Name == name && variable != "" {
			return variable, field.Type
		}
		if field.Type.Kind() == reflect.Struct {
			if variable, t := variableOf(field.Type, name); variable != "" {
				return variable, t
			}
		}
	}
	return "", nil
}

// inPlainWords says how to write a value where the library repeats what Go says about it. Types of ours have words of their own.
func inPlainWords(variable, value string, t reflect.Type, err error) error {
	wanted := ""
	switch {
	case t == reflect.TypeFor[time.Duration]():
		wanted = lifecycle.WantedDuration
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
	case t.Kind() == reflect.Uint16:
		wanted = fmt.Sprintf("a whole number from 0 to %d", math.MaxUint16)
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		wanted = lifecycle.WantedInteger
	case t.Kind() == reflect.Bool:
		wanted = lifecycle.WantedBoolean
	}
	if wanted == "" {
		return fmt.Errorf("%s: %w", variable, err)
	}
	return fmt.Errorf("%s must be %s, not %q", variable, wanted, value)
}
