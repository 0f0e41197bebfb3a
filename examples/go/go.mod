module jsvm/examples

go 1.24

require jsvm v0.0.0

replace jsvm => ../../bindings/go
