package packages

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

const (
	maxLargest = 10
	maxDomains = 500
)

// facts are what the contents of all files tell together.
type facts struct {
	mu      sync.Mutex
	domains map[string]*Domain
	calls   map[string]mention // name of a privacy-relevant function -> where the first file calls it
}

// mention is a line of a file.
type mention struct {
	path string
	line int
}

func newFacts() *facts {
	return &facts{domains: map[string]*Domain{}, calls: map[string]mention{}}
}

// add takes over what the scan of a file found.
func (f *facts) add(e entry, s *scan, in *inspection) {
	if what := archiveKind(s.head); what != "" {
		in.findings.add(nestedArchive, e.name,
			"the file is %s, which the inspection does not look into; pack its files themselves or leave it out", what)
	}
	if what := programKind(s.head); what != "" {
		in.findings.add(nativeCode, e.name, "the file is %s, which nobody can review and no host runs; leave it out", what)
	}
	if s.inert(e) {
		return
	}
	if s.bidi > 0 {
		in.findings.addAt(bidiControl, e.name, s.bidi, "the code has characters that change the direction of the text, "+
			"so that it looks different from what it does; write them as escapes")
	}
	for host, named := range s.hosts {
		f.addHost(host, named, e.name)
	}
	for call, line := range s.calls {
		if !strings.HasPrefix(e.name, in.root) {
			continue
		}
		if first, known := f.calls[call]; !known || e.name < first.path {
			f.calls[call] = mention{e.name, line}
		}
	}
	if in.fingerprints != nil {
		in.fingerprints[e.name] = s.fingerprint(e)
	}
}

func (f *facts) addHost(host string, named naming, path string) {
	d, known := f.domains[host]
	if !known {
		d = &Domain{Host: host, Path: path, Line: named.line}
		f.domains[host] = d
	}
	d.Files++
	d.Insecure = d.Insecure || named.insecure
	if path < d.Path {
		d.Path, d.Line = path, named.line
	}
	if len(f.domains) > 2*maxHosts {
		f.prune()
	}
}

// prune forgets the hosts that the report has no room for: those last in the alphabet, which can only be followed by
// more. One more than the report takes stays, to tell that there were too many.
func (f *facts) prune() {
	for _, host := range slices.Sorted(maps.Keys(f.domains))[maxDomains+1:] {
		delete(f.domains, host)
	}
}

func (in *inspection) reportFacts(files []entry, f *facts) {
	files = slices.DeleteFunc(files, func(e entry) bool { return e.desktop })
	hosts := slices.Sorted(maps.Keys(f.domains))
	if len(hosts) > maxDomains {
		in.findings.add(tooManyDomains, "", "the code names more than the %d domains that the report lists; a reviewer cannot judge so many",
			maxDomains)
		hosts = hosts[:maxDomains]
	}
	for _, host := range hosts {
		in.report.Domains = append(in.report.Domains, *f.domains[host])
	}
	in.report.Kinds, in.report.Largest = kindSizes(files), largest(files)
	if in.report.Format == AppJSON {
		in.checkCalls(f.calls)
	}
}

func kindSizes(files []entry) []KindSize {
	kinds := map[string]KindSize{}
	for _, e := range files {
		kind := kindOf(e.name)
		kinds[kind] = KindSize{kind, kinds[kind].Files + 1, kinds[kind].Size + e.size}
	}
	sizes := slices.AppendSeq([]KindSize{}, maps.Values(kinds))
	slices.SortFunc(sizes, func(a, b KindSize) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Kind, b.Kind))
	})
	return sizes
}

func largest(files []entry) []FileSize {
	sizes := make([]FileSize, len(files))
	for i, e := range files {
		sizes[i] = FileSize{e.name, e.size}
	}
	slices.SortFunc(sizes, func(a, b FileSize) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path))
	})
	return sizes[:min(len(sizes), maxLargest)]
}
