"""ES modules: one callable says what a specifier names, for import statements and for import() alike. The sources are in a
dict here; a program would read files (context.file_loader does that, below one folder) or ask a network.
"""

import asyncio

import jsvm

FILES = {
    "main.mjs": """
        import { greet } from 'greet.mjs';
        import settings from 'settings.json' with { type: 'json' };
        import { version } from 'host';
        export const greeting = greet(settings.name);
        export const engine = version;
        const { square } = await import('square.mjs');
        export const squared = square(settings.number);
        export const url = import.meta.url;
        """,
    "greet.mjs": "export const greet = (name) => `Hello, ${name}!`;",
    "square.mjs": "export const square = (x) => x * x;",
    "settings.json": '{"name": "modules", "number": 12}',
    "broken.mjs": "import 'nowhere.mjs';",
}


class Loader:
    """Each file becomes one module, however often it is imported."""

    def __init__(self, context: jsvm.Context) -> None:
        self.context = context
        # A module of the host's own.
        host = jsvm.SyntheticModule(context, ["version"], identifier="host")
        host.set_export("version", "1.0")
        self.modules: dict[str, jsvm.Module] = {"host": host}

    def open(self, name: str) -> jsvm.Module:
        if name not in self.modules:
            if name not in FILES:
                raise FileNotFoundError(f"there is no module {name}")
            if name.endswith(".json"):
                self.modules[name] = jsvm.JSONModule(self.context, FILES[name], identifier=name)
            else:
                self.modules[name] = jsvm.Module(
                    self.context, FILES[name], identifier=name, importer=self.import_now, import_meta=self.fill_meta
                )
        return self.modules[name]

    def load(self, request: jsvm.ModuleRequest) -> jsvm.Module:
        """For import statements."""
        print(f"{request.referrer_name} imports {request.specifier} {request.attributes or ''}".rstrip())
        return self.open(request.specifier)

    async def import_now(self, request: jsvm.ModuleRequest) -> jsvm.Module:
        """For import(): the module has to be evaluated. It could await a download first."""
        module = self.load(request)
        if module.status == "unlinked":
            module.link(self.load)
        await module.evaluate()
        return module

    def fill_meta(self, meta: jsvm.JSObject, module: jsvm.Module) -> None:
        meta["url"] = f"example:{module.identifier}"


async def main() -> None:
    with jsvm.Isolate() as isolate:
        context = isolate.context()
        loader = Loader(context)
        program = loader.open("main.mjs")
        program.link(loader.load)
        await program.evaluate()
        for name, value in program.namespace.items():
            print(f"  {name} = {value!r}")

        try:
            loader.open("broken.mjs").link(loader.load)
        except FileNotFoundError as error:
            print("FileNotFoundError:", error)


asyncio.run(main())
