package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What is measured of a process, in the order of the table. A heap rises and falls; its goal for the next collection is twice what was in
// use after the last one.
const (
	memory        = "memory, MiB"
	heap          = "heap goal, MiB"
	goroutines    = "goroutines"
	openFiles     = "open files"
	connected     = "connections"
	historyEvents = "longest history, events"
	historyKiB    = "largest history, KiB"
)

// watched is a process that is measured. Metrics is where a program of ours tells its own; "" for another's.
type watched struct {
	name    string
	pid     int
	metrics string
}

const mib = 1 << 20

// measure asks the operating system, and the program itself.
func (w watched) measure(ctx context.Context) (map[string]float64, error) {
	resident, err := residentMemory(w.pid)
	if err != nil {
		return nil, fmt.Errorf("measuring %s: %w", w.name, err)
	}
	files, sockets, err := openedBy(w.pid)
	if err != nil {
		return nil, fmt.Errorf("measuring %s: %w", w.name, err)
	}
	measured := map[string]float64{memory: resident / mib, openFiles: files, connected: sockets}
	if w.metrics == "" {
		return measured, nil
	}
	told, err := metricsOf(ctx, w.metrics)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", w.name, err)
	}
	measured[heap], measured[goroutines] = told["go_memstats_next_gc_bytes"]/mib, told["go_goroutines"]
	return measured, nil
}

// residentMemory is what of a process is in memory, in bytes.
func residentMemory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm is %q", pid, text)
	}
	pages, err := strconv.ParseFloat(fields[1], 64)
	return pages * float64(os.Getpagesize()), err
}

// openedBy counts the open files of a process, and the sockets among them.
func openedBy(pid int) (files, sockets float64, err error) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(folder, entry.Name()))
		switch {
		case err != nil: // it was closed meanwhile
		case strings.HasPrefix(target, "socket:"):
			sockets++
			fallthrough
		default:
			files++
		}
	}
	return files, sockets, err
}

// metricsOf are the metrics without labels that a program tells Prometheus.
func metricsOf(ctx context.Context, url string) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	told := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			told[name] = number
		}
	}
	return told, lines.Err()
}
