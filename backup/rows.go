package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// kind is what the values of a column are, in both databases.
type kind string

const (
	text    kind = "text"
	integer kind = "integer"
	float   kind = "float"
	boolean kind = "boolean"
	moment  kind = "time"
)

// kinds are the types of columns, as the databases call them.
var kinds = map[string]kind{
	"TEXT": text, "BIGINT": integer, "INTEGER": integer, "INT8": integer, "INT4": integer, "DOUBLE PRECISION": float, "FLOAT8": float,
	"BOOLEAN": boolean, "BOOL": boolean, "TIMESTAMP": moment, "TIMESTAMPTZ": moment,
}

// columnsOf are those of the rows.
func columnsOf(rows *sql.Rows) ([]Column, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	columns := make([]Column, len(types))
	for i, each := range types {
		known, ok := kinds[strings.ToUpper(each.DatabaseTypeName())]
		if !ok {
			return nil, fmt.Errorf("the column %s has the unknown type %q", each.Name(), each.DatabaseTypeName())
		}
		columns[i] = Column{each.Name(), known}
	}
	return columns, nil
}

// value is one that a row can be scanned into.
func (k kind) value() any {
	switch k {
	case integer:
		return new(*int64)
	case float:
		return new(*float64)
	case boolean:
		return new(*bool)
	case moment:
		return new(*time.Time)
	default:
		return new(*string)
	}
}

// writeRows writes all rows of a query, a JSON array a line.
func writeRows(ctx context.Context, tx *sql.Tx, query string, to io.Writer) (columns []Column, count int, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	if columns, err = columnsOf(rows); err != nil {
		return nil, 0, err
	}
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	values := make([]any, len(columns))
	for ; rows.Next(); count++ {
		for i, column := range columns {
			values[i] = column.Kind.value()
		}
		if err := rows.Scan(values...); err != nil {
			return columns, count, err
		}
		for _, value := range values {
			if at, ok := value.(**time.Time); ok && *at != nil {
				**at = (*at).UTC()
			}
		}
		if err := encoder.Encode(values); err != nil {
			return columns, count, err
		}
	}
	return columns, count, rows.Err()
}

// plain is a value as a statement takes it; NULL is nil.
func plain(value any) any {
	switch value := value.(type) {
	case **int64:
		return orNull(*value)
	case **float64:
		return orNull(*value)
	case **bool:
		return orNull(*value)
	case **time.Time:
		return orNull(*value)
	case **string:
		return orNull(*value)
	default:
		return nil
	}
}

func orNull[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

// readRow reads a line as writeRows wrote it; io.EOF is the end.
func readRow(decoder *json.Decoder, columns []Column) ([]any, error) {
	var texts []json.RawMessage
	if err := decoder.Decode(&texts); err != nil {
		return nil, err
	}
	if len(texts) != len(columns) {
		return nil, fmt.Errorf("a row has %d values for %d columns", len(texts), len(columns))
	}
	values := make([]any, len(columns))
	for i, column := range columns {
		value := column.Kind.value()
		if err := json.Unmarshal(texts[i], value); err != nil {
			return nil, fmt.Errorf("the column %s: %w", column.Name, err)
		}
		values[i] = plain(value)
	}
	return values, nil
}
