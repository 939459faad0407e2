export { SensitivityPage } from "./components/SensitivityPage";
