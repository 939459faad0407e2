export { QuarantinePage } from "./components/QuarantinePage";
