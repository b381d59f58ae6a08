package packages

import (
	"fmt"
	"strconv"
)

// MiB is the size of a package in mebibytes.
type MiB int64

// mostMiB is what all files of a package may have together: with more, the package could hold nothing that is accepted.
var mostMiB = DefaultLimits.TotalBytes >> 20

// UnmarshalText reads a whole number of MiB.
func (m *MiB) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 1 || n > mostMiB {
		return fmt.Errorf("%q is not a number of MiB from 1 to %d", text, mostMiB)
	}
	*m = MiB(n)
	return nil
}

// Bytes is the same in bytes.
func (m MiB) Bytes() int64 { return int64(m) << 20 }

// Limits bound a package of at most this size.
func (m MiB) Limits() Limits { return LimitsFor(m.Bytes()) }
