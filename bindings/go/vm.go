package jsvm

import "context"

// RunInContext compiles and runs source in a context. node:vm: vm.runInContext.
func RunInContext(ctx context.Context, code string, c *Context, options *ScriptOptions) (Value, error) {
	return c.EvalWith(ctx, code, options)
}

// RunInThisContext compiles and runs source in the isolate's main context. node:vm: vm.runInThisContext.
func (i *Isolate) RunInThisContext(ctx context.Context, code string, options *ScriptOptions) (Value, error) {
	main, err := i.Main()
	if err != nil {
		return Value{}, err
	}
	return main.EvalWith(ctx, code, options)
}

// RunInNewContext compiles source and runs it in a new context. The context is there also when the run failed. node:vm:
// vm.runInNewContext.
func (i *Isolate) RunInNewContext(ctx context.Context, code string, contextOptions *ContextOptions,
	options *ScriptOptions) (Value, *Context, error) {
	script, err := i.NewScript(code, options)
	if err != nil {
		return Value{}, nil, err
	}
	defer script.Close()
	return script.RunInNewContext(ctx, contextOptions)
}

// CreateContext makes a context whose global variables are an object's properties; nil for a new object. node:vm:
// vm.createContext.
func (i *Isolate) CreateContext(object *Object, options *ContextOptions) (*Context, error) {
	var o ContextOptions
	if options != nil {
		o = *options
	}
	o.Contextify, o.ContextifiedObject = true, object
	return i.NewContext(&o)
}
