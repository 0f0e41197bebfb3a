import foo from 'foo';
//              ^^^^^ the module specifier
