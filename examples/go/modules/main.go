// ES modules: one loader says what a specifier names, for import statements and for import() alike. The sources are embedded
// in the program here; os.DirFS, a zip.Reader or any other fs.FS would do as well.
//
// A host that wants to load on its own time asks Module.Requests what a module needs, and says Module.LinkRequests when
// it has it.
package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log"

	"jsvm"
)

//go:embed files
var embedded embed.FS

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// loader is jsvm's loader of files, with a module of the host's own beside them.
type loader struct {
	files *jsvm.FSLoader
	host  *jsvm.Module
}

// Load says which module an import names.
func (l *loader) Load(ctx context.Context, request *jsvm.ImportRequest) (*jsvm.Module, error) {
	fmt.Println(request.ReferrerName, "imports", request.Specifier)
	if request.Specifier == "host" {
		return l.host, nil
	}
	return l.files.Load(ctx, request)
}

func run(ctx context.Context) error {
	iso, err := jsvm.NewIsolate(nil)
	if err != nil {
		return err
	}
	defer iso.Close()
	js, err := iso.Main()
	if err != nil {
		return err
	}

	var imports loader
	if imports.host, err = js.NewSyntheticModule("host", []string{"version"}, nil); err != nil {
		return err
	}
	defer imports.host.Close()
	if err := imports.host.SetExport("version", "1.0"); err != nil {
		return err
	}

	// The hooks are for import() and import.meta.
	hooks, err := js.NewImportHooks(&imports, func(m *jsvm.Module, meta *jsvm.Object) error {
		return meta.Set(ctx, "url", "example:"+m.Identifier())
	})
	if err != nil {
		return err
	}
	defer hooks.Close()
	files, err := fs.Sub(embedded, "files")
	if err != nil {
		return err
	}
	imports.files = jsvm.NewFSLoader(files, jsvm.ModuleOptions{ImportHooks: hooks})
	defer imports.files.Close()

	program, err := imports.files.Module(js, "main.mjs", "")
	if err != nil {
		return err
	}
	namespace, err := program.Run(ctx, &imports)
	if err != nil {
		return err
	}
	defer namespace.Close()

	exports, err := js.StringifyJSON(ctx, namespace, 2)
	fmt.Printf("%s\n", exports)
	return err
}
