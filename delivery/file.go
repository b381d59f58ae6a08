package delivery

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"go.uber.org/zap"

	"slipway/monitoring/logkey"
)

// persistEvery is how often the file copy may be written.
const persistEvery = 10 * time.Second

// copyFormat begins the file. Another form of release needs another number.
const copyFormat = "slipway delivery 1\n"

// saved is what the file copy holds: the format, this as gob, and the sha256 of both.
type saved struct {
	Change   int64
	At       time.Time
	Releases []*release
}

// persist writes the file at start, after changes, and at the end.
func (s *Snapshot) persist(ctx context.Context) {
	s.sweepUnfinished()
	var written syncState
	for {
		known := *s.state.Load()
		if outdated(written, known, ctx.Err() != nil) {
			if err := s.writeFile(known); err != nil {
				s.logger.Error("delivery cannot write its file copy", zap.Error(err))
			} else {
				written = known
			}
		}
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(persistEvery):
		}
	}
}

// outdated tells whether the file has to be written anew: after a change, and at the end, from when on it says how old its knowledge is.
func outdated(written, known syncState, ending bool) bool {
	return known.change != written.change || ending && known.at.After(written.at)
}

// sweepUnfinished removes what processes leave that are killed while they write the file. Nobody else writes beside it.
func (s *Snapshot) sweepUnfinished() {
	folder, name := filepath.Split(s.options.File)
	files, _ := os.ReadDir(filepath.Clean(folder)) // a folder that cannot be read cannot be written either, which is reported
	unfinished := regexp.MustCompile("^" + regexp.QuoteMeta(name) + `\.[0-9]+$`)
	for _, file := range files {
		if unfinished.MatchString(file.Name()) {
			_ = os.Remove(filepath.Join(folder, file.Name()))
		}
	}
}

// writeFile replaces the file as a whole. Releases that changed since known was read do no harm: they are only newer.
func (s *Snapshot) writeFile(known syncState) error {
	copied := saved{Change: known.change, At: known.at}
	for r := range s.all {
		copied.Releases = append(copied.Releases, r)
	}
	file, err := os.CreateTemp(filepath.Dir(s.options.File), filepath.Base(s.options.File)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(copied.write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), s.options.File)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // err says what went wrong
	}
	return err
}

func (c saved) write(file io.Writer) error {
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<16)
	_, err := out.WriteString(copyFormat)
	err = errors.Join(err, gob.NewEncoder(out).Encode(c), out.Flush())
	if err != nil {
		return err
	}
	_, err = file.Write(sum.Sum(nil))
	return err
}

// recall takes the last good value of what cannot be read from the copy, in which whoever ran before has left it. Where everything can be
// read nobody waits for the copy.
func (s *Snapshot) recall() {
	missing := map[string]bool{}
	for r := range s.all {
		if r.Missing {
			missing[r.ID] = true
		}
	}
	if len(missing) == 0 || s.options.File == "" {
		return
	}
	copied, err := readFile(s.options.File)
	if err != nil {
		s.logger.Warn("delivery finds no last good value of what it cannot read", zap.Error(err))
		return
	}
	s.put(copied.lastGood(missing), false)
	s.logger.Warn("delivery takes the last good value of what it cannot read from its file copy, if it is there",
		zap.String(logkey.File, s.options.File), zap.Time(logkey.KnownUntil, copied.At))
}

// lastGood is what the copy knows of these mini-programs.
func (c saved) lastGood(ids map[string]bool) (good []*release) {
	for _, r := range c.Releases {
		if ids[r.ID] && !r.Missing {
			r.Spoilt = true
			good = append(good, r)
		}
	}
	return good
}

func readFile(path string) (saved, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return saved{}, fmt.Errorf("file copy: %w", err)
	}
	whole := max(0, len(data)-sha256.Size)
	sum := sha256.Sum256(data[:whole])
	content, ours := bytes.CutPrefix(data[:whole], []byte(copyFormat))
	if !ours || !bytes.Equal(sum[:], data[whole:]) {
		return saved{}, fmt.Errorf("file copy %s: it is damaged, or of another version of Slipway; "+
			"it is written anew once the database answers", path)
	}
	var copied saved
	if err := gob.NewDecoder(bytes.NewReader(content)).Decode(&copied); err != nil {
		return saved{}, fmt.Errorf("file copy %s: %w", path, err)
	}
	return copied, nil
}
