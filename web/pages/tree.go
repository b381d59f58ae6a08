package pages

import (
	"net/url"
	"slices"
	"sort"
	"strings"

	"slipway/packages"
)

// treeWindow is how many files and folders of a folder are listed at once.
const treeWindow = 200

// node is a file or a folder of a package. Only the folders on the way to what is looked at are open, so that a page lists few of many
// files.
type node struct {
	Name, Href string
	Folder     bool
	Open       bool // a folder whose children are listed
	Current    bool // it is what is looked at
	Files      int  // in a folder
	Size       int64
	Change     string // "" when it is the same, or nothing is compared
	Found      int    // findings about it
	Children   []node
	// Earlier and Later lead to the children that are not listed; "" when there are none.
	Earlier, Later string
}

// tree lists the files of a package as far as they are open.
type tree struct {
	files   []packages.File // by path
	path    string          // what is looked at: a file, a folder, or "" for the package
	from    int             // the first child to list of a folder that is looked at
	link    func(path string) string
	window  func(path string, from int) string
	changes map[string]string
	found   map[string]int
}

// escapePath makes a path part of an address.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// isFolder tells whether the package has files below a path.
func (t tree) isFolder(path string) bool {
	first, _ := t.below(path + "/")
	return path == "" || first < len(t.files) && strings.HasPrefix(t.files[first].Path, path+"/")
}

// below are the files whose path begins so: from first to before end.
func (t tree) below(prefix string) (first, end int) {
	first = sort.Search(len(t.files), func(i int) bool { return t.files[i].Path >= prefix })
	length := sort.Search(len(t.files)-first, func(i int) bool { return !strings.HasPrefix(t.files[first+i].Path, prefix) })
	return first, first + length
}

// root is the package as a folder.
func (t tree) root() node { return t.folder("", "") }

// folder is an open folder; prefix is its path with a slash at the end.
func (t tree) folder(name, prefix string) node {
	opened := node{Name: name, Folder: true, Open: true}
	path := strings.TrimSuffix(prefix, "/")
	opened.Href, opened.Current = t.link(path), path == t.path
	children := t.children(prefix)
	from := 0
	if opened.Current {
		from = t.from
	} else if i := slices.IndexFunc(children, func(n node) bool { return t.leadsTo(prefix + n.Name) }); i >= 0 {
		from = i / treeWindow * treeWindow
	}
	from = min(max(from, 0), len(children))
	end := min(from+treeWindow, len(children))
	if from > 0 {
		opened.Earlier = t.window(path, max(0, from-treeWindow))
	}
	if end < len(children) {
		opened.Later = t.window(path, end)
	}
	opened.Children = children[from:end]
	for i, child := range opened.Children {
		if child.Folder && t.leadsTo(prefix+child.Name) {
			opened.Children[i] = t.folder(child.Name, prefix+child.Name+"/")
		}
	}
	return opened
}

// leadsTo tells whether a path is that of what is looked at, or of a folder around it.
func (t tree) leadsTo(path string) bool { return path == t.path || strings.HasPrefix(t.path, path+"/") }

// children are the folders in a folder, then the files, by name.
func (t tree) children(prefix string) []node {
	var folders, files []node
	for i, end := t.below(prefix); i < end; {
		f := t.files[i]
		name, _, inFolder := strings.Cut(f.Path[len(prefix):], "/")
		path := prefix + name
		if !inFolder {
			files = append(files, node{
				Name: name, Href: t.link(path), Size: f.Size, Current: path == t.path, Change: t.changes[path], Found: t.found[path],
			})
			i++
			continue
		}
		folder := node{Name: name, Href: t.link(path), Folder: true}
		for ; i < end && strings.HasPrefix(t.files[i].Path, path+"/"); i++ {
			t.count(&folder, t.files[i])
		}
		folders = append(folders, folder)
	}
	return append(folders, files...)
}

// count adds a file to the folder that it is in.
func (t tree) count(folder *node, f packages.File) {
	folder.Files++
	folder.Size += f.Size
	folder.Found += t.found[f.Path]
	if t.changes[f.Path] != "" {
		folder.Change = "changed"
	}
}
